// The turns: what each one did, for how long, and what became of its reply.

import { callAt, duration, h, replace, time } from "./dom.js";

const STAGES = ["wait", "settle", "load", "model", "commit", "send"];
// Outcomes that send nothing: their delivery stays at its first state and says nothing.
const QUIET = ["stopped", "set_aside", "forgotten", "offered"];
const SAYS = {
  wait: "waited for a worker",
  settle: "let a burst settle",
  load: "loaded the window",
  model: "asked the model",
  commit: "committed",
  send: "sent the reply",
};

/** Show the turns of everybody, newest first. */
export function renderTurns(memory) {
  const turns = (memory.persons ?? []).flatMap(talks)
    .concat((memory.calls ?? []).map((call) => ({ who: "Number withheld", talk: call, call })))
    .flatMap((of) => of.talk.turns.map((turn) => ({ ...of, turn })))
    .sort((one, other) => (other.turn.created_at ?? 0) - (one.turn.created_at ?? 0));
  document.getElementById("count-turns").textContent = turns.length || "";
  replace(document.getElementById("panel-turns"), turns.length
    ? turns.slice(0, 40).map(card)
    : h("p", { className: "empty" }, "No turn yet. Send a text from one of the phones, or call."));
}

/** A person's conversations: the one of their texts, and each of their calls. */
function talks(person) {
  const who = person.name || "Somebody";
  return [{ who, talk: person }, ...person.calls.map((call) => ({ who, talk: call, call }))];
}

function card({ who, talk, call, turn }) {
  const stages = STAGES.filter((stage) => stage in (turn.stages ?? {}));
  const total = stages.reduce((sum, stage) => sum + turn.stages[stage], 0);
  const said = talk.messages.filter((m) => m.turn === turn.id && m.content);
  const held = talk.inbox.filter((item) => item.sid?.endsWith(`#${turn.id}`));
  return h("article", { className: "turn", "data-turn": turn.id },
    h("header", {},
      h("h3", {}, who),
      call ? h("span", { className: "quiet" }, callAt(call.started_at)) : null,
      chip(turn.outcome),
      QUIET.includes(turn.outcome) ? null : chip(turn.delivery, turn.delivery_error),
      h("span", { className: "quiet" }, time(turn.created_at / 1000)),
      stages.length ? h("strong", { className: "total" }, duration(total)) : null),
    held.map((item) => h("p", { className: "said asked", dir: "auto" },
      textIn(item.text), " ", chip(item.held ? "held" : "waiting"))),
    said.map((m) => h("p", { className: m.role === "human" ? "said asked" : "said", dir: "auto" },
      m.content)),
    stages.length
      ? h("ul", { className: "waterfall", "aria-label": "Stages" }, bars(turn, stages, total)) : null,
    h("p", { className: "quiet facts" }, facts(turn)),
    attempts(turn),
    stored(turn.stored, `turn ${turn.id}`));
}

/** The words of content that holds more than words; it may not open here, and need not. */
export function textIn(content) {
  try {
    return JSON.parse(content).text;
  } catch {
    return "sealed";
  }
}

function bars(turn, stages, total) {
  let start = 0;
  return stages.map((stage) => {
    const milliseconds = turn.stages[stage];
    const bar = h("span", { className: `bar-of ${stage}` });
    bar.style.marginInlineStart = `${total ? (100 * start) / total : 0}%`;
    bar.style.width = `${total ? Math.max((100 * milliseconds) / total, 0.5) : 0.5}%`;
    start += milliseconds;
    return h("li", { title: SAYS[stage] },
      h("span", { className: "stage" }, stage),
      h("span", { className: "track" }, bar),
      h("span", { className: "milliseconds" }, duration(milliseconds)));
  });
}

/** Spoken turns name a route too: the one by which their words could be texted. */
const byVoice = (turn) => turn.delivery === "spoken" || turn.outcome === "offered";

function facts(turn) {
  const texts = turn.inbox?.length ?? 0;
  return [
    byVoice(turn) ? "by voice" : turn.channel,
    texts ? `${texts} text${texts === 1 ? "" : "s"}` : null,
    turn.model,
    turn.model ? `${turn.input_tokens ?? 0} → ${turn.output_tokens ?? 0} tokens` : null,
    turn.segments ? `${turn.segments} segment${turn.segments === 1 ? "" : "s"}` : null,
    turn.attempts > 1 ? `${turn.attempts} claims` : null,
    turn.resent ? `resent ${turn.resent}×` : null,
  ].filter(Boolean).join(" · ");
}

function attempts(turn) {
  const failed = (turn.model_attempts ?? []).filter((attempt) => attempt.error);
  if (!failed.length) return null;
  return h("ul", { className: "attempts" }, failed.map((attempt) => h("li", {},
    `${attempt.model}: ${attempt.error} after ${duration(attempt.ms ?? 0)}`)));
}

/** A word of a state, coloured by how good it is. */
export function chip(word, detail) {
  const good = ["answered", "accepted", "sent", "delivered", "in", "spoken", "told", "kept"];
  const bad = ["apologised", "set_aside", "undelivered", "failed", "unknown", "out"];
  const kind = good.includes(word) ? "good" : bad.includes(word) ? "bad" : "plain";
  const text = String(word).replaceAll("_", " ");
  return h("span", { className: `chip ${kind}` }, detail ? `${text} ${detail}` : text);
}

/** An item as it rests in its table. */
export function stored(item, key) {
  return h("details", { className: "stored", "data-key": key },
    h("summary", {}, "as stored"),
    h("pre", {}, JSON.stringify(item, null, 2)));
}
