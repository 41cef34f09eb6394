"""The guards of the turn protocol: how each is planted out, and what is then broken where.

Where guards cover for each other they are planted out together, and the row says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.services import call_scenes, consent_scenes, forget_scenes, planted, scenes
from tests.services.planted import Plant
from tests.services.scenes import Meeting
from tests.services.world import World

Scene = Callable[[World], Meeting]


@dataclass(frozen=True)
class Guard:
    """A row of the table.

    Attributes:
        rule: Of docs/turn-protocol.md.
        what: What guards.
        plant: Takes it away.
        scene: In which that shows.
        invariant: Which is then broken.
        skew: Seconds between the two workers' clocks.
    """

    rule: str
    what: str
    plant: Plant
    scene: Scene
    invariant: str
    skew: float = 0
    allowance: int = 0


# fmt: off
GUARDS = [
    Guard("1", "receipts are new", planted.receipt, scenes.same_text_twice,
          "each message is accepted once"),
    Guard("1", "a duplicate wakes too", planted.duplicates_wake, scenes.webhook_dies,
          "whatever was accepted is woken for"),
    Guard("2", "consent changes are newer", planted.consent_is_newer, scenes.late_start,
          "consent is the latest word"),
    Guard("2", "a START that may be older waits", planted.start_waits,
          consent_scenes.retried_start, "a START lifts no later STOP"),
    Guard("2", "a START that waits is compared before a text", planted.start_compared,
          consent_scenes.text_after_a_retried_start, "a START lifts no later STOP"),
    Guard("2", "a listing settles what waits", planted.listing_settles, consent_scenes.slow_stop,
          "consent is what was sent last"),
    Guard("2", "YES is START only while opted out", planted.yes_only_when_out, scenes.yes,
          "YES is conversation"),
    Guard("4", "acceptance checks the generation, in keys and meta", planted.accept_generation,
          forget_scenes.forget_and_text, "a text is sealed to the living key"),
    Guard("6", "a claim checks the epoch", planted.claim_epoch, scenes.two_workers,
          "the epoch rises"),
    Guard("6", "a running lease is left alone", planted.lease_runs, scenes.two_workers,
          "a lease is not taken while it runs"),
    Guard("6", "an update needs its item (sweep)", planted.sweep_sees, scenes.sweep, "no ghosts"),
    Guard("6", "an update needs its item (erasing)", planted.eraser_notes,
          forget_scenes.two_erasers, "no ghosts"),
    Guard("7", "an open turn is finished first", planted.finished_first, scenes.worker_dies_once,
          "an open turn is finished first"),
    Guard("7", "an open turn's texts are frozen", planted.frozen, scenes.another_text_after_a_death,
          "each text ends in one way"),
    Guard("7", "attempts are counted", planted.attempts, scenes.workers_die, "all comes to rest"),
    Guard("7", "a busy store is not counted", planted.excused, scenes.store_is_busy,
          "only what breaks its turn is set aside"),
    Guard("7", "a turn has one route", planted.one_route, scenes.two_channels,
          "a turn has one route"),
    Guard("8", "the commit checks the epoch", planted.commit_epoch, scenes.overtaken,
          "the epoch rises", skew=60),
    Guard("8", "the commit checks the sequence, and numbers are new", planted.commit_sequence,
          scenes.another_writer, "numbers have no gap and no repeat"),
    Guard("8", "another writer checks the sequence, and numbers are new", planted.history_sequence,
          scenes.two_writers, "numbers have no gap and no repeat"),
    Guard("8", "the commit checks the generation, as epoch and turn do", planted.commit_generation,
          forget_scenes.forgotten_and_answered_anew, "nothing forgotten is said"),
    Guard("16", "another writer checks the generation", planted.history_generation,
          forget_scenes.writer_beside_a_forget, "nothing forgotten is left"),
    Guard("8", "a text leaves the inbox once", planted.commit_inbox, scenes.text_is_gone,
          "each text ends in one way"),
    Guard("8", "a failed commit is re-read before it is tried again", planted.read_again,
          scenes.overtaken, "the epoch rises", skew=60),
    Guard("8", "counters are in the commit", planted.counters, scenes.two_workers,
          "counters are what was committed"),
    Guard("9", "release and close check the epoch", planted.release_epoch,
          scenes.overtaken_and_failing, "the epoch rises", skew=60),
    Guard("12", "an open turn is in the index", planted.claim_is_pending, scenes.worker_dies_once,
          "what waits is in the index"),
    Guard("12", "a pause stops new turns", planted.pause, scenes.pause,
          "nothing is answered in a pause"),
    Guard("13", "announcing checks consent", planted.announce_consent, scenes.stop,
          "no send begins after STOP"),
    Guard("13", "announcing checks the epoch", planted.sending_epoch,
          scenes.overtaken_before_sending, "the epoch rises", skew=60),
    Guard("13", "announcing checks the generation, as epoch and turn do",
          planted.sending_generation, forget_scenes.forgotten_before_sending,
          "nothing forgotten is said"),
    Guard("13", "a send begins within two seconds", planted.in_time, scenes.slow_announcement,
          "a send begins in time"),
    Guard("14", "the carrier is asked only when the sender is dead", planted.reconcile_late,
          scenes.sending, "no reply is sent twice", skew=60),
    Guard("14", "sids that another turn holds are ignored", planted.other_turns_sids,
          scenes.second_send_is_lost, "a turn holds its own sends"),
    Guard("14", "one resend", planted.one_resend, scenes.sends_are_lost, "a send is repeated once"),
    Guard("14", "an opted-out person's texts stop", planted.consent_first, scenes.after_stop,
          "an opted-out person's texts stop"),
    Guard("14", "a report needs its turn", planted.report_exists,
          forget_scenes.report_beside_a_forget, "no ghosts"),
    Guard("15", "a key is new, as its generation is", planted.key_is_new, scenes.first_texts,
          "a key is never replaced silently"),
    Guard("15", "a key's halves belong together", planted.halves_fit, scenes.key_is_swapped,
          "a foreign key is noticed"),
    Guard("15", "a lost key is not replaced", planted.key_lost, scenes.key_is_lost,
          "a key is never replaced silently"),
    Guard("15", "an acceptance checks that meta names the key", planted.meta_names,
          forget_scenes.restored_conversation, "what is accepted can be answered"),
    Guard("16", "FORGET checks the epoch", planted.forget_epoch,
          forget_scenes.forget_beside_a_commit, "the epoch rises"),
    Guard("16", "only older generations end forgotten", planted.forget_key_generation,
          forget_scenes.forget_in_a_turn, "each text ends in one way"),
    Guard("16", "copies go before their turn", planted.copies_first,
          forget_scenes.forget_with_carrier_away, "no copy is left of what was forgotten"),
    Guard("16", "copies of sends whose answer was lost are looked for", planted.lost_answers,
          forget_scenes.forget_after_a_lost_answer, "no copy is left of what was forgotten"),
    Guard("16", "texts tell where replies went, and go last", planted.heard_last,
          forget_scenes.forget_after_a_lost_answer, "no copy is left of what was forgotten"),
    Guard("16", "no turn begins while a forgotten send is in doubt", planted.doubt_first,
          forget_scenes.two_sends_in_doubt, "a turn holds its own sends"),
    Guard("16", "a send under way is waited for", planted.send_under_way,
          forget_scenes.forget_while_sending, "no copy is left of what was forgotten"),
    Guard("16", "other generations are skipped", planted.generation_skipped,
          forget_scenes.forget_dies, "nothing raises an alarm"),
    Guard("16", "FORGET is confirmed by its code", planted.code_compared,
          forget_scenes.forged_forget, "FORGET is confirmed"),
    Guard("15", "a late retry makes no key", planted.late_retry, forget_scenes.late_retry,
          "a late retry makes no key"),
    Guard("9", "a call leaves a text's open turn alone", planted.texts_turn_left,
          call_scenes.call_after_a_death, "an open turn is finished first"),
    Guard("-", "an utterance is known by its number and its words", planted.utterance_known,
          call_scenes.hook_twice, "an utterance is answered once"),
    Guard("-", "a turn's reply is for its own words", planted.own_words, call_scenes.other_words,
          "a caller hears the answer to their words"),
    Guard("8", "a spoken commit checks epoch, generation and turn", planted.spoken_fences,
          call_scenes.call_beside_a_forget, "nothing forgotten is said"),
    Guard("8", "a spoken commit checks the sequence, and numbers are new", planted.spoken_sequence,
          call_scenes.call_beside_a_writer, "numbers have no gap and no repeat"),
    Guard("18", "an offer beside a text's turn checks the generation", planted.offer_generation,
          call_scenes.offer_beside_a_forget, "nothing forgotten is said"),
    Guard("18", "an offer beside a text's turn is made once", planted.one_offer,
          call_scenes.offer_twice, "words are held once"),
    Guard("18", "a yes has a receipt, and needs words that are held", planted.one_yes,
          call_scenes.two_yes, "each message is accepted once"),
    Guard("-", "an allowance is looked at", planted.allowance, scenes.more_than_allowed,
          "an allowance is kept", allowance=3),
    Guard("-", "content is bound to its place", planted.binding, scenes.items_are_swapped,
          "nothing swapped is shown"),
]
# fmt: on
