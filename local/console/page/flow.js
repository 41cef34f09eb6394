// The panel of a call: the declared flow, lit where the call is, and what happens, for an engineer.

import { duration, h, replace } from "./dom.js";
import { flick } from "./faults.js";
import { flowOf, switchTo } from "./line.js";

const SWITCHES = [
  ["open", "Open", "Within the hours in which people help."],
  ["agent_answers", "A person answers", "Somebody picks up whoever waits."],
  ["queue_full", "The queue is full", "Nobody else may wait."],
];
const BAD = ["error", "rejected", "unheard"];

/** The panel; `begin(call)` for each new call, `event(event)` for all that happens in it. */
export class FlowPanel {
  constructor(panel) {
    this.panel = panel;
    this.number = null;
    this.blocks = new Map();
    this.path = [];
    this.flow = h("ol", { className: "flow", "aria-label": "Blocks of the flow" });
    this.events = h("ol", { className: "lines on-the-line", tabindex: "0", "aria-label": "Events of the call" });
    this.circumstances = h("div", { className: "circumstances", role: "group", "aria-label": "Circumstances" });
    this.switches = [];
    this.model = null;
    this.all = h("button", {
      type: "button", className: "all", "aria-pressed": "false", onclick: () => this.showAll(),
    }, "Show error branches");
    panel.replaceChildren(
      h("section", { className: "faults" }, h("h3", {}, "What a call meets"), this.circumstances),
      h("div", { className: "call-parts" },
        h("section", { className: "drawing" },
          h("header", {}, h("h3", {}, "The declared flow"), this.all),
          h("p", { className: "quiet" },
            "Blocks light up as the call passes through them. Error branches show when they are taken."),
          this.flow),
        h("section", { className: "drawing" }, h("h3", {}, "On the line"),
          this.contact = h("p", { className: "quiet" },
            "Everything that happens in a call, and how long its function took."),
          this.events)));
    panel.classList.add("call-panel");
  }

  /** What the stack says of calls. */
  async update(calls) {
    this.switches = SWITCHES.map(([name, title, says]) => toggle(name, title, says,
      calls.switches[name], (box) => switchTo({ [name]: box.checked })
        .catch(() => { box.checked = !box.checked; })));
    this.meet();
    const number = calls.numbers[0];
    if (number && number !== this.number) await this.draw(number);
  }

  /** What the stack says of faults: a slow model is one that callers meet. */
  slow(faults) {
    const fault = faults.find((one) => one.source === "model" && one.name === "slow");
    this.model = fault && toggle("slow-model", "The model is slow", fault.says, fault.on,
      (box) => flick(fault, box));
    this.meet();
  }

  meet() {
    replace(this.circumstances, this.switches, this.model);
  }

  async draw(number) {
    const drawn = await flowOf(number).catch(() => null);
    if (!drawn) return;
    this.number = number;
    this.blocks = new Map(drawn.map((block) => [block.id, { ...block, element: card(block) }]));
    const layers = Map.groupBy ? Map.groupBy(drawn, (b) => b.depth) : group(drawn);
    this.flow.replaceChildren(...[...layers.values()].map((layer) => h("li", {
      className: layer.every((block) => block.trouble) ? "layer trouble" : "layer",
    }, layer.map((block) => this.blocks.get(block.id).element))));
  }

  async begin(call) {
    this.began = null;
    this.path = [];
    this.contact.replaceChildren("Contact ", h("code", { className: "id" }, call.id));
    this.events.replaceChildren();
    this.dim();
    if (call.number === this.number) return;
    await this.draw(call.number);
    for (const event of this.path) this.pass(event);
  }

  dim() {
    this.at = null;
    this.failed = false;
    for (const lit of this.flow.querySelectorAll(".now, .passed, .taken, .failed")) {
      lit.classList.remove("now", "passed", "taken", "failed");
      lit.removeAttribute("aria-current");
    }
  }

  event(event) {
    this.began ??= event.at;
    this.path.push(event);
    this.pass(event);
    const atEnd = this.events.scrollHeight - this.events.scrollTop - this.events.clientHeight < 60;
    this.events.append(line(event, event.at - this.began));
    if (atEnd) this.events.scrollTop = this.events.scrollHeight;
  }

  /** Show the newest events. */
  showNewest() {
    this.events.scrollTop = this.events.scrollHeight;
  }

  pass(event) {
    if (event.kind === "block") this.enter(event.block);
    if (event.kind === "error") {
      this.failed = true;
      this.blocks.get(event.block)?.element.classList.add("failed");
    }
    if (event.kind === "hung up") this.light(null);
  }

  enter(slug) {
    const ways = this.blocks.get(this.at)?.ways ?? [];
    const index = [ways.findIndex((way) => way.to === slug && way.error === this.failed),
      ways.findIndex((way) => way.to === slug)].find((found) => found >= 0);
    if (index !== undefined) {
      this.blocks.get(this.at).element.querySelectorAll(".way")[index].classList.add("taken");
    }
    this.failed = false;
    this.light(slug);
  }

  light(slug) {
    const before = this.blocks.get(this.at)?.element;
    before?.classList.remove("now");
    before?.removeAttribute("aria-current");
    this.at = slug;
    const element = this.blocks.get(slug)?.element;
    if (!element) return;
    element.classList.add("now", "passed");
    element.setAttribute("aria-current", "step");
    // Only the panel: on a small screen the page must not move under somebody's finger.
    const [box, own] = [this.panel.getBoundingClientRect(), element.getBoundingClientRect()];
    if (own.bottom > box.bottom) this.panel.scrollTop += own.bottom - box.bottom + 8;
    if (own.top < box.top) this.panel.scrollTop -= box.top - own.top + 8;
  }

  showAll() {
    const all = this.flow.classList.toggle("everything");
    this.all.setAttribute("aria-pressed", String(all));
  }
}

function group(blocks) {
  const layers = new Map();
  for (const block of blocks) layers.set(block.depth, [...(layers.get(block.depth) ?? []), block]);
  return layers;
}

function card(block) {
  return h("article", {
    className: block.trouble ? "block trouble" : "block", "data-block": block.id, title: block.type,
  },
  h("h4", {}, block.id), " ", h("span", { className: "quiet" }, block.kind),
  block.label ? h("p", { className: "label", dir: "auto" }, block.label) : null,
  h("ul", {}, block.ways.map((way) => h("li", { className: way.error ? "way error-way" : "way" },
    way.when ? h("span", { className: "quiet" }, `${way.when} `) : null, `→ ${way.to}`))));
}

function toggle(name, title, says, on, onSwitch) {
  const id = `switch-${name}`;
  return h("div", { className: "fault" },
    h("input", {
      type: "checkbox", role: "switch", id, checked: on, className: "plain",
      onchange: (event) => onSwitch(event.target),
    }),
    h("label", { for: id }, h("span", { className: "name" }, title), h("span", { className: "quiet" }, says)));
}

function line(event, after) {
  const kind = BAD.includes(event.kind) ? "bad" : event.kind === "block" ? "good" : "plain";
  const what = { block: event.block, hook: event.words.replace(/^.*-/, "") }[event.kind] ?? event.words;
  return h("li", { className: "line" },
    h("p", {},
      h("span", { className: "quiet" }, `+${duration(Math.round(after * 1000))}`),
      h("span", { className: `chip ${kind}` }, event.kind),
      h("span", { className: "words", dir: "auto" },
        [event.who, what].filter(Boolean).join(": "),
        event.note ? h("span", { className: "note" }, ` ${event.note}`) : null)));
}
