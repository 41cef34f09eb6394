"""What the flow itself says, in each language it knows.

Owns the sentences, all of them. They are spoken: short, without signs that a voice stumbles over,
and they never leave the caller without knowing what comes next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, kw_only=True)
class Words:
    """Every sentence of a flow in one language."""

    greeting: str
    """The first words, unless the locale has its own."""
    choose_language: str
    """Which key to press for this language, as ``{key}``."""
    go_on: str
    """Spoken when the flow hands the caller back to the bot."""
    trouble: str
    """The conversation broke off; it is tried once more."""
    trouble_end: str
    """It broke off again; the call ends."""
    offer_code: str
    """Whether to go on with what was said by text; key 1 is yes."""
    code_wait: str
    """Before a code is sent, which takes a moment."""
    code_enter: str
    """The code was sent: enter it."""
    code_again: str
    """That was not it: once more."""
    code_proved: str
    code_expired: str
    code_spent: str
    """Too many tries, in this call or today."""
    code_unavailable: str
    """No code can be sent to this number now."""
    code_failed: str
    """Something broke on the way."""
    closed: str
    """Outside the hours of the people who could help."""
    busy: str
    """Too many are waiting for a person."""
    no_human: str
    """Handing over broke."""


WORDS: dict[str, Words] = {
    "en": Words(
        greeting="Hello. I am your assistant. What can I do for you?",
        choose_language="For English, press {key}.",
        go_on="What else can I do for you?",
        trouble="I am sorry, something went wrong on my side. Let us try again.",
        trouble_end="I am sorry, I cannot talk right now. Please call again later. Goodbye.",
        offer_code=(
            "To go on with what we talked about by text, press 1, and I will text you a code. "
            "Otherwise, stay on the line."
        ),
        code_wait="One moment, I am sending you a code.",
        code_enter=(
            "I have sent you a text with six digits. Enter them now, then press pound. "
            "To go on without them, press 0 and pound."
        ),
        code_again=(
            "That was not the code. Enter the six digits once more, then press pound. "
            "To go on without them, press 0 and pound."
        ),
        code_proved="Thank you. I remember what we talked about.",
        code_expired="That code is too old. Let us go on without it.",
        code_spent="There were too many tries. Let us go on without a code.",
        code_unavailable="I cannot text you a code at the moment. Let us go on without it.",
        code_failed="I am sorry, that did not work. Let us go on without a code.",
        closed="I am sorry, nobody is there to take your call at this hour.",
        busy="I am sorry, too many people are waiting for somebody to talk to.",
        no_human="I am sorry, I could not connect you to anybody.",
    ),
    "es": Words(
        greeting="Hola. Soy tu asistente. ¿En qué puedo ayudarte?",
        choose_language="Para español, pulsa {key}.",
        go_on="¿En qué más puedo ayudarte?",
        trouble="Lo siento, algo ha fallado por mi parte. Vamos a intentarlo de nuevo.",
        trouble_end="Lo siento, ahora no puedo hablar. Vuelve a llamar más tarde. Adiós.",
        offer_code=(
            "Para seguir con lo que hablamos por mensaje, pulsa 1 y te enviaré un código. "
            "Si no, no cuelgues."
        ),
        code_wait="Un momento, te estoy enviando un código.",
        code_enter=(
            "Te he enviado un mensaje con seis cifras. Márcalas ahora y pulsa almohadilla. "
            "Para seguir sin ellas, pulsa 0 y almohadilla."
        ),
        code_again=(
            "Ese no era el código. Marca las seis cifras otra vez y pulsa almohadilla. "
            "Para seguir sin ellas, pulsa 0 y almohadilla."
        ),
        code_proved="Gracias. Recuerdo lo que hablamos.",
        code_expired="Ese código ya ha caducado. Sigamos sin él.",
        code_spent="Ha habido demasiados intentos. Sigamos sin código.",
        code_unavailable="Ahora no puedo enviarte un código. Sigamos sin él.",
        code_failed="Lo siento, no ha funcionado. Sigamos sin código.",
        closed="Lo siento, a esta hora no hay nadie que pueda atenderte.",
        busy="Lo siento, hay demasiadas personas esperando.",
        no_human="Lo siento, no he podido pasarte con nadie.",
    ),
    "fr": Words(
        greeting="Bonjour. Je suis votre assistant. Que puis-je faire pour vous ?",
        choose_language="Pour le français, appuyez sur {key}.",
        go_on="Que puis-je faire d'autre pour vous ?",
        trouble="Je suis désolé, une erreur s'est produite de mon côté. Essayons encore une fois.",
        trouble_end=(
            "Je suis désolé, je ne peux pas parler maintenant. Rappelez plus tard. Au revoir."
        ),
        offer_code=(
            "Pour reprendre notre échange par message, appuyez sur 1, et je vous enverrai un code. "
            "Sinon, restez en ligne."
        ),
        code_wait="Un instant, je vous envoie un code.",
        code_enter=(
            "Je vous ai envoyé un message avec six chiffres. Tapez-les maintenant, puis dièse. "
            "Pour continuer sans code, tapez 0, puis dièse."
        ),
        code_again=(
            "Ce n'était pas le code. Tapez les six chiffres encore une fois, puis dièse. "
            "Pour continuer sans code, tapez 0, puis dièse."
        ),
        code_proved="Merci. Je me souviens de notre échange.",
        code_expired="Ce code n'est plus valable. Continuons sans code.",
        code_spent="Il y a eu trop d'essais. Continuons sans code.",
        code_unavailable="Je ne peux pas vous envoyer de code maintenant. Continuons sans code.",
        code_failed="Je suis désolé, cela n'a pas marché. Continuons sans code.",
        closed="Je suis désolé, personne ne peut prendre votre appel à cette heure.",
        busy="Je suis désolé, trop de personnes attendent déjà.",
        no_human="Je suis désolé, je n'ai pu vous passer personne.",
    ),
    "de": Words(
        greeting="Hallo. Ich bin Ihr Assistent. Was kann ich für Sie tun?",
        choose_language="Für Deutsch drücken Sie die {key}.",
        go_on="Was kann ich noch für Sie tun?",
        trouble="Es tut mir leid, bei mir ist etwas schiefgegangen. Versuchen wir es noch einmal.",
        trouble_end=(
            "Es tut mir leid, ich kann gerade nicht sprechen. Bitte rufen Sie später wieder an. "
            "Auf Wiederhören."
        ),
        offer_code=(
            "Um fortzusetzen, worüber wir geschrieben haben, drücken Sie die 1, und ich schicke "
            "Ihnen einen Code. Sonst bleiben Sie einfach dran."
        ),
        code_wait="Einen Moment, ich schicke Ihnen einen Code.",
        code_enter=(
            "Ich habe Ihnen eine Nachricht mit sechs Ziffern geschickt. Geben Sie sie jetzt ein, "
            "dann die Rautetaste. Um ohne Code fortzufahren, drücken Sie 0 und die Rautetaste."
        ),
        code_again=(
            "Das war nicht der Code. Geben Sie die sechs Ziffern noch einmal ein, dann die "
            "Rautetaste. Um ohne Code fortzufahren, drücken Sie 0 und die Rautetaste."
        ),
        code_proved="Danke. Ich weiß wieder, worüber wir geschrieben haben.",
        code_expired="Dieser Code ist abgelaufen. Machen wir ohne ihn weiter.",
        code_spent="Das waren zu viele Versuche. Machen wir ohne Code weiter.",
        code_unavailable="Ich kann Ihnen gerade keinen Code schicken. Machen wir ohne ihn weiter.",
        code_failed="Es tut mir leid, das hat nicht geklappt. Machen wir ohne Code weiter.",
        closed="Es tut mir leid, um diese Zeit ist niemand da, der mit Ihnen sprechen kann.",
        busy="Es tut mir leid, es warten schon zu viele auf ein Gespräch.",
        no_human="Es tut mir leid, ich konnte Sie mit niemandem verbinden.",
    ),
    "it": Words(
        greeting="Buongiorno. Sono il tuo assistente. Che cosa posso fare per te?",
        choose_language="Per l'italiano, premi {key}.",
        go_on="Che cos'altro posso fare per te?",
        trouble="Mi dispiace, qualcosa non ha funzionato. Proviamo ancora una volta.",
        trouble_end="Mi dispiace, adesso non posso parlare. Richiama più tardi. Arrivederci.",
        offer_code=(
            "Per riprendere quello che ci siamo scritti, premi 1 e ti invierò un codice. "
            "Altrimenti resta in linea."
        ),
        code_wait="Un momento, ti sto inviando un codice.",
        code_enter=(
            "Ti ho inviato un messaggio con sei cifre. Digitale adesso, poi premi cancelletto. "
            "Per continuare senza codice, premi 0 e cancelletto."
        ),
        code_again=(
            "Non era il codice. Digita ancora una volta le sei cifre, poi premi cancelletto. "
            "Per continuare senza codice, premi 0 e cancelletto."
        ),
        code_proved="Grazie. Ricordo quello che ci siamo scritti.",
        code_expired="Quel codice è scaduto. Continuiamo senza.",
        code_spent="I tentativi sono stati troppi. Continuiamo senza codice.",
        code_unavailable="Adesso non posso inviarti un codice. Continuiamo senza.",
        code_failed="Mi dispiace, non ha funzionato. Continuiamo senza codice.",
        closed="Mi dispiace, a quest'ora non c'è nessuno che possa risponderti.",
        busy="Mi dispiace, ci sono già troppe persone in attesa.",
        no_human="Mi dispiace, non sono riuscito a passarti nessuno.",
    ),
    "nl": Words(
        greeting="Hallo. Ik ben uw assistent. Wat kan ik voor u doen?",
        choose_language="Voor Nederlands drukt u op {key}.",
        go_on="Wat kan ik nog meer voor u doen?",
        trouble="Het spijt me, er ging bij mij iets mis. Laten we het nog eens proberen.",
        trouble_end="Het spijt me, ik kan nu niet praten. Bel later nog eens. Tot ziens.",
        offer_code=(
            "Om verder te gaan met wat we elkaar geschreven hebben, drukt u op 1, en ik stuur u "
            "een code. Blijf anders aan de lijn."
        ),
        code_wait="Een ogenblik, ik stuur u een code.",
        code_enter=(
            "Ik heb u een bericht met zes cijfers gestuurd. Toets ze nu in en druk op hekje. "
            "Om zonder code verder te gaan, drukt u op 0 en hekje."
        ),
        code_again=(
            "Dat was niet de code. Toets de zes cijfers nog een keer in en druk op hekje. "
            "Om zonder code verder te gaan, drukt u op 0 en hekje."
        ),
        code_proved="Dank u. Ik weet weer wat we geschreven hebben.",
        code_expired="Die code is verlopen. We gaan zonder code verder.",
        code_spent="Dat waren te veel pogingen. We gaan zonder code verder.",
        code_unavailable="Ik kan u nu geen code sturen. We gaan zonder code verder.",
        code_failed="Het spijt me, dat is niet gelukt. We gaan zonder code verder.",
        closed="Het spijt me, op dit uur is er niemand die u te woord kan staan.",
        busy="Het spijt me, er wachten al te veel mensen.",
        no_human="Het spijt me, ik kon u met niemand doorverbinden.",
    ),
    "pt": Words(
        greeting="Olá. Sou o seu assistente. Em que posso ajudar?",
        choose_language="Para português, pressione {key}.",
        go_on="Em que mais posso ajudar?",
        trouble="Desculpe, algo deu errado do meu lado. Vamos tentar de novo.",
        trouble_end="Desculpe, não posso falar agora. Ligue mais tarde, por favor. Até logo.",
        offer_code=(
            "Para continuar o que conversamos por mensagem, pressione 1, e enviarei um código. "
            "Se não, fique na linha."
        ),
        code_wait="Um momento, estou enviando um código.",
        code_enter=(
            "Enviei uma mensagem com seis dígitos. Digite-os agora e pressione a tecla jogo da "
            "velha. Para continuar sem código, pressione 0 e jogo da velha."
        ),
        code_again=(
            "Esse não era o código. Digite os seis dígitos mais uma vez e pressione a tecla jogo "
            "da velha. Para continuar sem código, pressione 0 e jogo da velha."
        ),
        code_proved="Obrigado. Eu me lembro do que conversamos.",
        code_expired="Esse código já expirou. Vamos continuar sem ele.",
        code_spent="Foram tentativas demais. Vamos continuar sem código.",
        code_unavailable="Não posso enviar um código agora. Vamos continuar sem ele.",
        code_failed="Desculpe, não funcionou. Vamos continuar sem código.",
        closed="Desculpe, a esta hora não há ninguém para atender você.",
        busy="Desculpe, há pessoas demais esperando.",
        no_human="Desculpe, não consegui passar a ligação para ninguém.",
    ),
}


def words_of(locale_id: str, changed: Mapping[str, str] | None = None) -> Words:
    """The sentences for a locale.

    Args:
        locale_id: Such as ``en_US``; its language decides.
        changed: Sentences to say instead, by the names of ``Words``.

    Raises:
        ValueError: If a sentence is unknown, or if the language is and not all are given; or if
            ``choose_language`` has no place for the key.
    """
    names = {one.name for one in fields(Words)}
    given = dict(changed or {})
    unknown = sorted(given.keys() - names)
    if unknown:
        raise ValueError(f"{locale_id}: no such sentences: {unknown}; there are {sorted(names)}")
    if "{key}" not in given.get("choose_language", "{key}"):
        raise ValueError(f"{locale_id}: choose_language says which key to press, as {{key}}")
    known = WORDS.get(locale_id.partition("_")[0])
    if known is not None:
        return replace(known, **given)
    missing = sorted(names - given.keys())
    if missing:
        raise ValueError(
            f"{locale_id}: there are no words in this language; give each of {missing}, "
            f"or use one of {sorted(WORDS)}"
        )
    return Words(**given)
