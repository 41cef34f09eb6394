// The phone to call with: the captions of a call, and what a caller can do.

import { Captions } from "./captions.js";
import { Dialler } from "./dialler.js";
import { h, spoken, time } from "./dom.js";
import { makeKeypad } from "./keypad.js";
import { Line } from "./line.js";
import { OwnVoice } from "./own_voice.js";
import { VoiceSwitches } from "./voice_switches.js";

const STATES = {
  speaking: "speaking",
  listening: "listening",
  thinking: "thinking",
  waiting: "waiting for a person",
  "handed over": "with a person",
  ended: "call ended",
};
const TALKING_MILLISECONDS = 2000;

/** A phone to call with; `onEvent` and `onBegin` tell who draws the flow. */
export class CallPhone {
  constructor(contacts, { onBegin, onEvent }) {
    Object.assign(this, { number: "", onBegin, onEvent });
    this.call = null;
    this.waiting = "";
    this.talked = 0;
    this.captions = new Captions();
    this.line = new Line({
      onEvent: (event) => this.happened(event),
      onNow: (call) => this.stands(call),
      onLost: () => this.lost(),
    });
    this.voice = new OwnVoice({
      onBegin: () => this.talking(),
      onWords: (text, confidence) => this.attempt(() => this.line.say(text, confidence)),
      onRefused: () => this.ownVoice.refuse(),
    });
    this.ownVoice = new VoiceSwitches(this.voice);
    this.build(contacts);
    this.show("idle");
    setInterval(() => this.tick(), 1000);
  }

  build(contacts) {
    this.timer = h("p", { className: "timer", role: "timer", "aria-label": "Length of the call" });
    this.state = h("p", { className: "state", role: "status" });
    this.error = h("p", { className: "error", role: "alert", hidden: true });
    this.off = h("p", { className: "off quiet", hidden: true },
      "This stack takes no calls. Turn them on in its settings, ",
      h("code", {}, "voice: {enabled: true}"), ", and start it again.");
    this.dialler = new Dialler(contacts, (who, number) => this.dial(who, number));
    this.idle = this.dialler.element;
    this.talk = this.conversation();
    this.over = h("div", { className: "over" },
      this.afterwards = h("p", { className: "quiet", role: "status", hidden: true }),
      this.again = h("button", {
        type: "button", className: "again", onclick: () => this.show("idle"),
      }, "New call"));
    this.element = h("article", { className: "phone caller", "aria-label": "Phone to call with" },
      h("header", {},
        h("span", { className: "avatar", "aria-hidden": "true" }, "☏"),
        h("div", { className: "who" },
          this.title = h("h2", {}, "Call"), this.subtitle = h("p", {}, spoken(this.number))),
        h("div", { className: "standing" }, this.timer, this.state)),
      this.off, this.idle, this.captions.element, this.error, this.talk, this.over);
  }

  conversation() {
    this.input = h("textarea", {
      rows: 2, placeholder: "Say something", "aria-label": "Say in the call",
      onkeydown: (event) => this.onKey(event), oninput: () => this.talking(),
    });
    this.keys = makeKeypad((key) => this.attempt(() => this.line.press(key)));
    this.keysSwitch = h("button", {
      type: "button", "aria-expanded": "false", onclick: () => this.showKeys(this.keys.hidden),
    }, "Keypad");
    this.cutIn = h("button", {
      type: "button", onclick: () => this.attempt(() => this.line.interrupt()),
    }, "Interrupt");
    this.showKeys(false);
    return h("div", { className: "talk" },
      h("form", {
        onsubmit: (event) => {
          event.preventDefault();
          this.say();
        },
      }, this.input, h("button", { type: "submit", className: "send", "aria-label": "Say it" }, "↑")),
      this.hint = h("p", { className: "hint quiet", role: "status", hidden: true },
        "It does not listen now. This is said as soon as it does."),
      this.keys,
      h("div", { className: "controls" }, this.cutIn, this.keysSwitch, h("button", {
        type: "button", className: "hang-up", onclick: () => this.attempt(() => this.line.hangUp()),
      }, "Hang up")),
      this.ownVoice.element);
  }

  /** What the stack says of calls; a page that was reloaded finds its call again. */
  update(calls) {
    const off = calls.numbers.length === 0;
    if (!off && !calls.numbers.includes(this.number)) {
      [this.number] = calls.numbers;
      this.dialler.offer(this.number);
      if (this.mode === "idle") this.show("idle");
    }
    this.off.hidden = !off;
    this.idle.hidden = off || this.mode !== "idle";
    const running = calls.calls.filter((call) => !call.ended).at(-1);
    if (!this.looked && running) this.begin(running);
    this.looked = true;
  }

  /** What became of the call in memory: whether it is kept is decided by text, later. */
  remember(memory) {
    const calls = (memory?.persons ?? []).flatMap((person) => person.calls);
    const words = afterwards(calls.find((one) => one.id === this.call?.id), this.call?.name);
    if (this.afterwards.textContent !== words) this.afterwards.textContent = words;
    this.afterwards.hidden = !words;
  }

  /** Let somebody call, unless a call is under way. */
  choose(caller) {
    if (this.mode === "over") this.show("idle");
    this.element.scrollIntoView({ block: "nearest", inline: "center" });
    if (this.mode === "idle") this.dialler.choose(caller);
  }

  async dial(who, number) {
    const call = await this.attempt(() => this.line.dial(who, number));
    if (call) this.begin(call);
  }

  begin(call) {
    if (this.line.id !== call.id) this.line.follow(call.id);
    this.captions.clear();
    this.onBegin(call);
    this.stands(call);
    this.show("on");
    this.input.focus();
  }

  show(mode) {
    this.mode = mode;
    this.element.dataset.mode = mode;
    this.idle.hidden = mode !== "idle" || !this.off.hidden;
    this.captions.element.hidden = mode === "idle";
    this.talk.hidden = mode !== "on";
    this.over.hidden = mode !== "over";
    if (mode === "idle") {
      this.title.textContent = "Call";
      this.subtitle.textContent = spoken(this.number);
      this.timer.textContent = "";
      this.state.textContent = "";
      this.element.dataset.state = "";
    }
  }

  happened(event) {
    this.captions.add(event);
    this.onEvent(event);
    if (event.kind === "said" && event.who !== "caller") this.voice.say(event.words, this.call.language);
    if (event.kind === "interrupted" || event.kind === "hung up") this.voice.hush();
  }

  stands(call) {
    this.call = call;
    this.title.textContent = call.name;
    this.subtitle.textContent = `calls ${spoken(call.number)}`;
    this.element.dataset.state = call.state;
    this.state.textContent = call.state === "listening" && call.takes === "keys"
      ? "waiting for keys" : STATES[call.state] ?? call.state;
    this.cutIn.disabled = !this.cutsIn();
    this.input.placeholder = this.cutsIn() ? "Type to interrupt" : "Say something";
    if (call.state === "listening" && call.takes === "keys") this.showKeys(true);
    this.voice.follow(call);
    this.tick();
    if (["listening", "handed over"].includes(call.state) && this.waiting) this.say();
    if (call.ended) this.ended();
  }

  ended() {
    this.waiting = "";
    this.hint.hidden = true;
    this.input.value = "";
    if (this.mode !== "on") return;
    const held = this.element.contains(document.activeElement);
    this.show("over");
    if (held) this.again.focus();
  }

  lost() {
    this.complain("The call is gone: the stack has begun again.");
    this.ended();
  }

  tick() {
    if (!this.call?.begun || this.mode === "idle") return;
    const until = this.call.over ?? Date.now() / 1000;
    const seconds = Math.max(0, Math.floor(until - this.call.begun));
    this.timer.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.say();
  }

  /** Whether the words that are being spoken can be interrupted. */
  cutsIn() {
    return this.call?.state === "speaking" && this.call.interruptible;
  }

  /** Typing is talking: it cuts in, and is no silence. */
  talking() {
    const now = Date.now();
    if (now - this.talked < TALKING_MILLISECONDS || !this.call || this.call.ended) return;
    this.talked = now;
    this.attempt(() => this.line.talking());
  }

  async say() {
    const text = this.input.value.trim();
    if (!text) return;
    const attentive = ["listening", "handed over"].includes(this.call.state) || this.cutsIn();
    this.waiting = attentive ? "" : text;
    this.hint.hidden = attentive;
    if (!attentive) return;
    this.input.value = "";
    this.talked = 0;
    if (!await this.attempt(() => this.line.say(text))) this.input.value = text;
  }

  showKeys(shown) {
    this.keys.hidden = !shown;
    this.keysSwitch.setAttribute("aria-expanded", String(shown));
  }

  complain(words) {
    this.error.textContent = words;
    this.error.hidden = !words;
  }

  /** Do something on the line; what is refused is said, and returns null. */
  async attempt(act) {
    try {
      const answer = await act();
      this.complain("");
      return answer ?? true;
    } catch (error) {
      this.complain(error.message);
      return null;
    }
  }
}

/** What will become of a call that is over; "" when there is nothing to say. */
function afterwards(call, name) {
  if (call?.keep?.kept_at) return `Kept: ask about this call by text from ${name}'s phone.`;
  if (call?.keep) return `${name} was texted: reply KEEP to have this call remembered.`;
  if (!call?.after_call) return "";
  return `Soon after ${time(call.after_call.due_at / 1000)}, a text to ${name} offers to keep this call.`;
}
