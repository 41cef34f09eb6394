// The phone to call with: who calls, the keypad, the captions, and what a caller can do.

import { Captions } from "./captions.js";
import { h, spoken } from "./dom.js";
import { makeKeypad } from "./keypad.js";
import { Line } from "./line.js";
import { canListen, onVoices, ownVoices, OwnVoice } from "./own_voice.js";

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
      onRefused: () => this.refused(),
    });
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
    this.idle = this.dialler(contacts);
    this.talk = this.conversation();
    this.over = h("div", { className: "over" },
      h("button", { type: "button", className: "again", onclick: () => this.show("idle") }, "New call"));
    this.element = h("article", { className: "phone caller", "aria-label": "Phone to call with" },
      h("header", {},
        h("span", { className: "avatar", "aria-hidden": "true" }, "☏"),
        h("div", { className: "who" },
          this.title = h("h2", {}, "Call"), this.subtitle = h("p", {}, spoken(this.number))),
        h("div", { className: "standing" }, this.timer, this.state)),
      this.off, this.idle, this.captions.element, this.error, this.talk, this.over);
  }

  dialler(contacts) {
    this.who = h("select", { id: "who-calls" },
      contacts.map((one) => h("option", { value: one.number }, `${one.name}, ${spoken(one.number)}`)),
      h("option", { value: "" }, "Number withheld"));
    this.dialled = h("input", {
      type: "tel", className: "dialled", value: this.number, "aria-label": "Number to call",
    });
    return h("form", {
      className: "dialler",
      onsubmit: (event) => {
        event.preventDefault();
        this.dial();
      },
    },
    h("label", { for: "who-calls", className: "quiet" }, "Who calls"), this.who,
    h("div", { className: "number-line" }, this.dialled, h("button", {
      type: "button", className: "back", "aria-label": "Delete the last digit",
      onclick: () => { this.dialled.value = this.dialled.value.slice(0, -1); },
    }, "⌫")),
    makeKeypad((key) => { this.dialled.value += key; }),
    h("button", { type: "submit", className: "dial" }, "Call"));
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
      this.ownVoice());
  }

  ownVoice() {
    this.ears = h("input", {
      type: "checkbox", role: "switch", id: "own-ears", disabled: !canListen,
      onchange: () => this.voice.listen(this.ears.checked),
    });
    this.reader = h("input", {
      type: "checkbox", role: "switch", id: "own-reader",
      onchange: () => this.voice.read(this.reader.checked),
    });
    this.earsSays = h("span", { className: "quiet" }, canListen
      ? "Your browser turns speech into words. Most send the audio to their vendor for that: it then leaves this machine."
      : "This browser cannot recognise speech.");
    const says = h("span", { className: "quiet" });
    const look = () => {
      const none = ownVoices().length === 0;
      this.reader.disabled = none;
      says.textContent = none ? "This browser has no voice on this machine."
        : "By a voice that is on this machine.";
    };
    look();
    onVoices(look);
    return h("details", { className: "own-voice" }, h("summary", {}, "Talk and listen for real"),
      row(this.ears, "Talk with your microphone", this.earsSays),
      row(this.reader, "Hear it read aloud", says));
  }

  /** What the stack says of calls; a page that was reloaded finds its call again. */
  update(calls) {
    const off = calls.numbers.length === 0;
    if (!off && !calls.numbers.includes(this.number)) {
      [this.number] = calls.numbers;
      this.dialled.value = this.number;
      if (this.mode === "idle") this.show("idle");
    }
    this.off.hidden = !off;
    this.idle.hidden = off || this.mode !== "idle";
    const running = calls.calls.filter((call) => !call.ended).at(-1);
    if (!this.looked && running) this.begin(running);
    this.looked = true;
  }

  async dial() {
    const number = this.dialled.value.replace(/[\s().-]/g, "");
    const dialling = this.attempt(() => this.line.dial(this.who.value || null, number));
    const call = await dialling;
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
    this.cutIn.disabled = !(call.state === "speaking" && call.interruptible);
    if (call.state === "listening" && call.takes === "keys") this.showKeys(true);
    this.voice.follow(call);
    this.tick();
    if (call.state === "listening" && this.waiting) this.say();
    if (call.ended) this.ended();
  }

  ended() {
    this.waiting = "";
    this.hint.hidden = true;
    this.input.value = "";
    if (this.mode !== "on") return;
    const held = this.element.contains(document.activeElement);
    this.show("over");
    if (held) this.over.firstChild.focus();
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
    const attentive = this.call.state === "listening"
      || (this.call.state === "speaking" && this.call.interruptible);
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

  refused() {
    this.ears.checked = false;
    this.earsSays.textContent = "The browser gave no microphone.";
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

function row(box, name, says) {
  return h("div", { className: "fault" }, box,
    h("label", { for: box.id }, h("span", { className: "name" }, name), says));
}
