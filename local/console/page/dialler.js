// The dialler of the phone to call with: who calls, which number, and what is worth trying.

import { h, spoken } from "./dom.js";
import { makeKeypad } from "./keypad.js";

const WORTH_TRYING = [
  "Say “My boat is the Swallow.” Then ask for it.",
  "Type while it speaks: that interrupts it.",
  "Switch on “The model is slow” in the panel, ask something, and say yes to a text.",
  "Say “agent” for a person, or hang up: a text offers to keep the call.",
];

/** The dialler; `onDial(caller, number)`, where a withheld number is null. */
export class Dialler {
  constructor(contacts, onDial) {
    this.who = h("select", { id: "who-calls" },
      contacts.map((one) => h("option", { value: one.number }, `${one.name}, ${spoken(one.number)}`)),
      h("option", { value: "" }, "Number withheld"));
    this.dialled = h("input", {
      type: "tel", className: "dialled", "aria-label": "Number to call",
    });
    this.call = h("button", { type: "submit", className: "dial" }, "Call");
    this.element = h("form", {
      className: "dialler",
      onsubmit: (event) => {
        event.preventDefault();
        onDial(this.who.value || null, this.dialled.value.replace(/[\s().-]/g, ""));
      },
    },
    h("label", { for: "who-calls", className: "quiet" }, "Who calls"), this.who,
    h("div", { className: "number-line" }, this.dialled, h("button", {
      type: "button", className: "back", "aria-label": "Delete the last digit",
      onclick: () => { this.dialled.value = this.dialled.value.slice(0, -1); },
    }, "⌫")),
    makeKeypad((key) => { this.dialled.value += key; }), this.call,
    h("section", { className: "worth-trying quiet" }, h("h3", {}, "Worth trying"),
      h("ul", {}, WORTH_TRYING.map((words) => h("li", {}, words)))));
  }

  /** The number to call, unless somebody dials another. */
  offer(number) {
    this.dialled.value = number;
  }

  /** Let somebody call: all that is left is to press the button. */
  choose(caller) {
    this.who.value = caller;
    this.call.focus({ preventScroll: true });
  }
}
