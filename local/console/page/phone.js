// The phones: a person's texts by SMS or WhatsApp, and what became of each.

import { duration, h, spoken, time } from "./dom.js";

const CHANNELS = { sms: "SMS", whatsapp: "WhatsApp" };
const ANSWER_WAIT_SECONDS = 150;

/** Make a phone per contact, `onCall(number)` for who wants to call; `update(texts, memory)` shows what is new. */
export function makePhones(container, contacts, onCall) {
  const phones = contacts.map((contact) => new Phone(contact, onCall));
  container.replaceChildren(...phones.map((phone) => phone.element));
  return { update: (texts, memory) => phones.forEach((phone) => phone.update(texts, memory)) };
}

class Phone {
  constructor(contact, onCall) {
    Object.assign(this, { contact, onCall });
    this.channel = "sms";
    this.bubbles = new Map();
    this.texts = [];
    this.thread = h("ol", {
      className: "thread", role: "log", "aria-live": "polite", tabindex: "0",
      "aria-label": `Conversation of ${contact.name}`,
    });
    this.typing = h("p", { className: "typing", hidden: true, "aria-label": "An answer is on its way" },
      h("i"), h("i"), h("i"));
    this.input = h("textarea", {
      rows: 1, placeholder: "Text message", "aria-label": `Text as ${contact.name}`,
      onkeydown: (event) => this.onKey(event), oninput: () => this.fit(),
    });
    this.error = h("p", { className: "error", role: "alert", hidden: true });
    this.switches = Object.entries(CHANNELS).map(([channel, label]) => h("button", {
      type: "button", "aria-pressed": String(channel === this.channel), "data-channel": channel,
      onclick: () => this.switchTo(channel),
    }, label));
    this.element = h("article", {
      className: "phone", "data-person": contact.number, "aria-label": `${contact.name}'s phone`,
    }, this.head(), this.thread, this.typing, this.error, this.composer());
  }

  head() {
    return h("header", {},
      h("span", { className: "avatar", "aria-hidden": "true" }, this.contact.name[0]),
      h("div", { className: "who" },
        h("h2", {}, this.contact.name),
        h("p", {}, spoken(this.contact.number))),
      h("div", { className: "switch", role: "group", "aria-label": "Channel" }, this.switches),
      h("button", {
        type: "button", className: "call-from", "aria-label": `Call as ${this.contact.name}`,
        title: `Call as ${this.contact.name}`, onclick: () => this.onCall(this.contact.number),
      }, "☏"));
  }

  composer() {
    return h("form", {
      onsubmit: (event) => {
        event.preventDefault();
        this.send();
      },
    }, this.input, h("button", { type: "submit", className: "send", "aria-label": "Send" }, "↑"));
  }

  onKey(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
  }

  fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
  }

  async send() {
    const body = this.input.value;
    if (!body.trim()) return;
    this.input.value = "";
    this.fit();
    const answer = await fetch("console/api/texts", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person: this.contact.number, channel: this.channel, body }),
    }).catch(() => null);
    this.error.hidden = Boolean(answer?.ok);
    if (!answer?.ok) {
      this.error.textContent = "That was not sent: the stack did not take it.";
      this.input.value = body;
      this.fit();
    }
  }

  switchTo(channel) {
    this.channel = channel;
    this.element.classList.toggle("whatsapp", channel === "whatsapp");
    this.bubbles.clear();
    this.thread.replaceChildren();
    this.render();
    this.input.focus();
  }

  update(texts, memory) {
    this.texts = texts.filter((text) => text.person === this.contact.number);
    this.person = memory?.persons?.find((person) => person.name === this.contact.name);
    this.render();
  }

  render() {
    const atEnd = this.thread.scrollHeight - this.thread.scrollTop - this.thread.clientHeight < 60;
    const shown = this.texts.filter((text) => text.channel === this.channel);
    for (const text of shown) this.bubble(text);
    const added = this.thread.childElementCount !== this.rendered;
    this.rendered = this.thread.childElementCount;
    this.typing.hidden = !this.answerIsComing(shown);
    for (const button of this.switches) {
      const channel = button.dataset.channel;
      button.setAttribute("aria-pressed", String(channel === this.channel));
      button.classList.toggle("news", channel !== this.channel && this.hasNews(channel, shown));
    }
    if (atEnd || added) this.thread.scrollTop = this.thread.scrollHeight;
  }

  hasNews(channel, shown) {
    const latest = this.texts.filter((text) => text.channel === channel).at(-1);
    return Boolean(latest) && latest.at > (shown.at(-1)?.at ?? 0);
  }

  answerIsComing(shown) {
    if (!this.person) return false;
    // Asked on the phone, and wanted by text.
    if (this.channel === "sms" && this.person.calls.some((call) => call.inbox.some(waits))) return true;
    const last = shown.at(-1);
    const busy = this.person.meta?.open_turn || this.person.inbox.some(waits);
    return Boolean(last?.inbound && busy && Date.now() / 1000 - last.at < ANSWER_WAIT_SECONDS);
  }

  bubble(text) {
    let bubble = this.bubbles.get(text.sid);
    if (!bubble) {
      const kind = text.inbound ? "mine" : "theirs";
      bubble = h("li", { className: `bubble ${kind}`, "data-sid": text.sid },
        text.automatic ? h("p", { className: "from" }, "the carrier itself") : null,
        h("p", { className: "body", dir: "auto" }, text.body),
        h("p", { className: "fate" }));
      this.bubbles.set(text.sid, bubble);
      this.thread.append(bubble);
    }
    const [word, mark] = text.inbound ? arrival(text) : delivery(text);
    const fate = bubble.querySelector(".fate");
    const line = `${time(text.at)} · ${word}`;
    if (fate.textContent !== line + mark) {
      fate.replaceChildren(line, h("span", { className: "ticks", "aria-hidden": "true" }, mark));
    }
    bubble.dataset.status = text.status;
    bubble.classList.toggle("bad", mark === " !");
  }
}

const waits = (item) => !item.set_aside_at && !item.held;

/** What became of a text to us: the webhook's answer. */
function arrival(text) {
  const last = text.attempts.at(-1);
  if (!last) return ["sent", ""];
  if (last.status === null) return [`webhook not reached (${last.error_code})`, " !"];
  if (last.status >= 300) return [`webhook answered ${last.status}`, " !"];
  return [`accepted in ${duration(last.milliseconds)}`, ""];
}

/** What became of a text from us: its delivery. */
function delivery(text) {
  switch (text.status) {
    case "queued": return ["queued", " ◷"];
    case "sent": return ["sent", " ✓"];
    case "delivered": case "read": return [text.status, " ✓✓"];
    default: return [`${text.status}${text.error_code ? ` (${text.error_code})` : ""}`, " !"];
  }
}
