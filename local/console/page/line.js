// The line of a call: dialling, what a caller does, and the stream of what happens.

const CALLS = "console/api/calls";

/** Ask the stack; what it refuses is an error with its own sentence. */
async function ask(method, path, body) {
  const answer = await fetch(`${CALLS}${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => null);
  if (!answer) throw new Error("The stack is not running.");
  const said = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(sentence(said?.detail) ?? `The stack answered ${answer.status}.`);
  return said;
}

function sentence(detail) {
  if (typeof detail !== "string" || !detail) return null;
  return `${detail[0].toUpperCase()}${detail.slice(1)}${/[.!?]$/.test(detail) ? "" : "."}`;
}

/** The blocks of the flow that answers a number. */
export const flowOf = (number) => ask("GET", `/flow?number=${encodeURIComponent(number)}`);

/** Change what is outside the flow. */
export const switchTo = (switches) => ask("PUT", "/switches", switches);

/** One call at a time, followed from its first event. */
export class Line {
  /** `onEvent(event)` for all that happens; `onNow(call)` for how it stands; `onLost()`. */
  constructor({ onEvent, onNow, onLost }) {
    Object.assign(this, { onEvent, onNow, onLost });
    this.stream = null;
    this.seen = 0;
    this.id = null;
  }

  async dial(caller, number) {
    const call = await ask("POST", "", { caller, number });
    this.follow(call.id);
    return call;
  }

  follow(id) {
    this.leave();
    this.id = id;
    this.seen = 0;
    const stream = new EventSource(`${CALLS}/${id}/events`);
    this.stream = stream;
    stream.onmessage = (message) => {
      const event = JSON.parse(message.data);
      if (event.seq <= this.seen) return;
      this.seen = event.seq;
      this.onEvent(event);
    };
    stream.addEventListener("now", (message) => {
      const call = JSON.parse(message.data);
      if (call.ended) this.leave();
      this.onNow(call);
    });
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED || this.stream !== stream) return;
      this.leave();
      this.onLost();
    };
  }

  leave() {
    this.stream?.close();
    this.stream = null;
  }

  say(text, confidence) {
    return ask("POST", `/${this.id}/say`, confidence ? { text, confidence } : { text });
  }

  press(keys) {
    return ask("POST", `/${this.id}/press`, { keys });
  }

  interrupt() {
    return ask("POST", `/${this.id}/interrupt`);
  }

  /** The caller has begun to talk: cuts in where that is possible, and is no silence. */
  talking() {
    return ask("POST", `/${this.id}/talking`);
  }

  hangUp() {
    return ask("POST", `/${this.id}/hang-up`);
  }
}
