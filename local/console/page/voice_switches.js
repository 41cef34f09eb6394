// The switches of the browser's own ears and voice, with what becomes of the sound.

import { h } from "./dom.js";
import { canListen, onVoices, ownVoices } from "./own_voice.js";

/** The switches for an `OwnVoice`. */
export class VoiceSwitches {
  constructor(voice) {
    this.ears = h("input", {
      type: "checkbox", role: "switch", id: "own-ears", disabled: !canListen,
      onchange: () => voice.listen(this.ears.checked),
    });
    this.reader = h("input", {
      type: "checkbox", role: "switch", id: "own-reader",
      onchange: () => voice.read(this.reader.checked),
    });
    this.earsSay = h("span", { className: "quiet" }, canListen
      ? "Your browser turns speech into words. Most send the audio to their vendor for that: it then leaves this machine."
      : "This browser cannot recognise speech.");
    this.readerSays = h("span", { className: "quiet" });
    this.look();
    onVoices(() => this.look());
    this.element = h("details", { className: "own-voice" }, h("summary", {}, "Talk and listen for real"),
      row(this.ears, "Talk with your microphone", this.earsSay),
      row(this.reader, "Hear it read aloud", this.readerSays));
  }

  look() {
    const none = ownVoices().length === 0;
    this.reader.disabled = none;
    this.readerSays.textContent = none ? "This browser has no voice on this machine."
      : "By a voice that is on this machine.";
  }

  /** There is no microphone after all. */
  refuse() {
    this.ears.checked = false;
    this.earsSay.textContent = "The browser gave no microphone.";
  }
}

function row(box, name, says) {
  return h("div", { className: "fault" }, box,
    h("label", { for: box.id }, h("span", { className: "name" }, name), says));
}
