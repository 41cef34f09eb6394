// What is said in a call and by whom, as it is said.

import { h } from "./dom.js";

const WHO = { dialtone: "dialtone", caller: "you", agent: "a person" };

/** The captions of one call after the other. */
export class Captions {
  constructor() {
    this.element = h("ol", {
      className: "captions", role: "log", "aria-live": "polite", tabindex: "0",
      "aria-label": "What is said in the call",
    });
    this.spoken = null;
    // A keypad that opens takes its room from here.
    new ResizeObserver(() => this.showLatest()).observe(this.element);
  }

  clear() {
    this.spoken = null;
    this.element.replaceChildren();
  }

  /** Show an event, if it is one that a person on the line notices. */
  add(event) {
    const line = this.line(event);
    if (!line) return;
    this.element.append(line);
    this.showLatest();
  }

  showLatest() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  line(event) {
    switch (event.kind) {
      case "said": return this.said(event);
      case "heard": return caption("mine", "you", event.words, cut(event.note));
      case "keys": return caption("mine keys", "you pressed", event.words || "nothing");
      case "silence": return remark("silence");
      case "unheard": return remark(`not heard, it was ${event.note}: “${event.words}”`);
      case "interrupted":
        this.spoken?.classList.add("cut");
        this.spoken?.querySelector(".by").append(", cut short");
        return null;
      case "rejected": return remark(`refused: ${event.words}`, "bad");
      case "error": return remark(`error branch: ${event.words}`, "bad");
      case "hung up": return remark(event.who === "caller" ? "you hung up" : "dialtone hung up");
      default: return null;
    }
  }

  said(event) {
    if (event.note === "filler") return caption("theirs filler", "while it thinks", event.words);
    this.spoken = caption(`theirs ${event.who}`, WHO[event.who] ?? event.who, event.words);
    return this.spoken;
  }
}

const cut = (note) => /cut at [^,]+/.exec(note ?? "")?.[0];

function caption(kind, by, words, note) {
  return h("li", { className: `caption ${kind}` },
    h("p", { className: "by" }, note ? `${by}, ${note}` : by),
    h("p", { className: "body", dir: "auto" }, words));
}

function remark(words, kind = "") {
  return h("li", { className: `remark ${kind}` }, words);
}
