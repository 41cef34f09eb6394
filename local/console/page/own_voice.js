// The browser's own ears and voice: both off until a person switches them on.

const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;

export const canListen = Boolean(Recognition);

/** Voices that speak on this machine; others would send the words to their vendor. */
export const ownVoices = () => (window.speechSynthesis?.getVoices() ?? [])
  .filter((voice) => voice.localService);

/** Call back when the browser has found its voices; some find them late. */
export const onVoices = (callback) => {
  window.speechSynthesis?.addEventListener?.("voiceschanged", callback);
};

/** Listens and reads aloud during one call after the other. */
export class OwnVoice {
  /** `onBegin()` when speech begins; `onWords(text, confidence)`; `onRefused()` without a microphone. */
  constructor({ onBegin, onWords, onRefused }) {
    Object.assign(this, { onBegin, onWords, onRefused });
    this.listens = false;
    this.reads = false;
    this.call = null;
    this.ears = null;
  }

  /** Follow how the call stands: who may talk now. */
  follow(call) {
    this.call = call;
    const speaking = call.state === "speaking";
    // What the loudspeaker says must not be taken for the caller's words.
    const open = ["listening", "handed over"].includes(call.state)
      || (speaking && call.interruptible && !this.reads);
    if (this.listens && !call.ended && open) this.open();
    else this.close();
    if (call.ended) this.hush();
  }

  listen(on) {
    this.listens = on;
    if (this.call) this.follow(this.call);
  }

  read(on) {
    this.reads = on;
    if (!on) this.hush();
  }

  say(words, language) {
    if (!this.reads) return;
    const utterance = new SpeechSynthesisUtterance(words);
    utterance.lang = language;
    utterance.voice = ownVoices().find((voice) => voice.lang.replace("_", "-") === language)
      ?? ownVoices().find((voice) => voice.lang.slice(0, 2) === language.slice(0, 2)) ?? null;
    if (utterance.voice) window.speechSynthesis.speak(utterance);
  }

  hush() {
    window.speechSynthesis?.cancel();
  }

  open() {
    if (this.ears || !canListen) return;
    const ears = new Recognition();
    this.ears = ears;
    ears.lang = this.call.language;
    ears.continuous = true;
    ears.onspeechstart = () => this.onBegin();
    ears.onresult = (event) => {
      for (const result of [...event.results].slice(event.resultIndex)) {
        if (result.isFinal) this.onWords(result[0].transcript.trim(), result[0].confidence);
      }
    };
    ears.onerror = (event) => {
      if (!["not-allowed", "service-not-allowed", "audio-capture"].includes(event.error)) return;
      this.listens = false;
      this.onRefused();
    };
    ears.onend = () => {
      if (this.ears !== ears) return;
      this.ears = null;
      if (this.call) this.follow(this.call);
    };
    ears.start();
  }

  close() {
    const ears = this.ears;
    this.ears = null;
    ears?.stop();
  }
}
