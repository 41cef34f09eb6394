// The memory: persons, their conversations and what waits, as the tables hold it.

import { callAt, h, replace, time } from "./dom.js";
import { chip, stored, textIn } from "./turns.js";

const ROLES = { human: "person", ai: "dialtone", system: "system", tool: "tool" };

/** Show what the stack remembers. */
export function renderMemory(memory) {
  const persons = memory.persons ?? [];
  const items = memory.items ?? {};
  replace(document.getElementById("panel-memory"),
    memory.problem ? h("p", { className: "error" }, `The tables cannot be read: ${memory.problem}`) : null,
    persons.length
      ? h("p", { className: "quiet" },
        `${items.people} items in people, ${items.conversations} in conversations. `
        + "Content is shown opened; “as stored” shows the item itself.")
      : h("p", { className: "empty" }, "Nobody has written yet, so nothing is remembered."),
    persons.map(card),
    (memory.calls ?? []).map((one) => h("article", { className: "person", "data-call": one.id },
      h("header", {}, h("h3", {}, "Number withheld")), call(one))));
}

function card(person) {
  const meta = person.meta;
  return h("article", { className: "person", "data-person-id": person.id },
    h("header", {},
      h("h3", {}, person.name || "Somebody"),
      h("code", { className: "id" }, person.id),
      person.consent.filter((item) => item.state).map((item) => chip(item.state, item.channel))),
    facts([
      ["messages", person.message_count],
      ["waiting", person.inbox.filter((item) => !item.set_aside_at && !item.held).length],
      ["set aside", person.inbox.filter((item) => item.set_aside_at).length],
      ["receipts", person.receipts],
      ["next number", meta?.sequence ?? 0],
      ["epoch", meta?.epoch ?? 0],
      ["lease", meta?.lease_until ? "held" : "free"],
      ["open turn", meta?.open_turn ? meta.open_turn.state : "none"],
    ]),
    person.inbox.length ? list("Inbox", person.inbox.map(waiting)) : null,
    person.notes.length ? list("Notes of what left the window", person.notes.map(notes)) : null,
    person.messages.length ? list("Messages", person.messages.map(message)) : null,
    person.calls.map(call),
    person.usage.map((item) => h("p", { className: "quiet" },
      `${day(item.sk)}: ${item.turns ?? 0} turns, ${item.input_tokens ?? 0} → `
      + `${item.output_tokens ?? 0} tokens, ${item.segments ?? 0} segments`)),
    stored({ address: person.address.stored, meta: meta?.stored, consent: person.consent.map((c) => c.stored) },
      `person ${person.id}`));
}

const day = (sk) => (sk.startsWith("voice-") ? `${sk.replace("voice-usage#", "")} by phone`
  : sk.replace("usage#", ""));

/** A call: what was said in it, what is held, and whether it will be remembered. */
function call(one) {
  return h("section", { className: "call", "data-call": one.id },
    h("h4", {}, callAt(one.started_at), " ", keeping(one)),
    h("ol", { className: "rows" }, one.messages.map(message), one.inbox.map(waiting)),
    stored(one.stored, `call ${one.id}`));
}

function keeping(one) {
  if (one.keep?.kept_at) return chip("kept");
  if (one.keep) return chip("KEEP offered");
  return one.after_call ? chip(`KEEP is offered at ${time(one.after_call.due_at / 1000)}`) : null;
}

function facts(pairs) {
  return h("dl", { className: "facts" }, pairs.map(([term, value]) => h("div", {},
    h("dt", {}, term), h("dd", {}, String(value)))));
}

function list(title, rows) {
  return h("section", {}, h("h4", {}, title), h("ol", { className: "rows" }, rows));
}

function message(item) {
  const number = Number(item.sk.replace("message#", ""));
  return row(`message ${item.pk} ${number}`, String(number), ROLES[item.role] ?? item.role,
    item.content ?? "sealed", item.created_at, item.stored,
    item.answered === false ? chip("unanswered") : item.kind === "apology" ? chip("apologised") : null);
}

function notes(item) {
  return row(`notes ${item.pk}`, "∑", "dialtone", textIn(item.content), item.created_at, item.stored);
}

function waiting(item) {
  return row(`inbox ${item.sk}`, "…", "person", textIn(item.text), item.received_at, item.stored,
    chip(item.set_aside_at ? "set_aside" : item.held ? "held" : "waiting"));
}

function row(key, number, who, words, at, item, extra) {
  return h("li", {},
    h("details", { "data-key": key },
      h("summary", {},
        h("span", { className: "sequence" }, number),
        h("span", { className: "role" }, who),
        h("span", { className: "words", dir: "auto" }, words || "(no words)"),
        extra,
        h("span", { className: "quiet" }, at ? time(at / 1000) : "")),
      h("pre", {}, JSON.stringify(item, null, 2))));
}
