// The page: reads the state once, then follows the events; asks by itself when the stream breaks.

import { CallPhone } from "./call.js";
import { renderFaults } from "./faults.js";
import { FlowPanel } from "./flow.js";
import { addLines, renderLogs, showNewest } from "./logs.js";
import { renderMemory } from "./memory.js";
import { makePhones } from "./phone.js";
import { renderTurns } from "./turns.js";
import { spoken } from "./dom.js";

const POLL_MILLISECONDS = 2000;
const PARTS = ["texts", "memory", "logs", "faults", "calls"];
const state = {};
let phones = null;
let caller = null;
let flow = null;
let polling = null;

function show(part, value) {
  state[part] = value;
  if (part === "texts" || part === "memory") phones.update(state.texts ?? [], state.memory);
  if (part === "memory") {
    renderTurns(value);
    renderMemory(value);
    caller.remember(value);
  }
  if (part === "logs") addLines(value);
  if (part === "faults") {
    renderFaults(value);
    flow.slow(value);
  }
  if (part === "calls") {
    flow.update(value);
    caller.update(value);
  }
}

function make(setting) {
  const container = document.getElementById("phones");
  phones = makePhones(container, setting.contacts, (number) => caller.choose(number));
  flow = new FlowPanel(document.getElementById("panel-call"));
  caller = new CallPhone(setting.contacts, {
    onBegin: (call) => {
      select(document.getElementById("tab-call"));
      return flow.begin(call);
    },
    onEvent: (event) => flow.event(event),
  });
  container.append(caller.element);
}

function pulse(word, live) {
  const element = document.getElementById("pulse");
  element.textContent = word;
  element.classList.toggle("live", live);
}

async function read() {
  const answer = await fetch("console/api/state");
  if (!answer.ok) throw new Error(`state: ${answer.status}`);
  return answer.json();
}

async function poll() {
  try {
    const now = await read();
    if (!polling) return; // the stream came back meanwhile, and knows better
    for (const part of PARTS) show(part, now[part]);
    pulse("polling", true);
  } catch {
    if (polling) pulse("stack not running", false);
  }
}

function follow() {
  const stream = new EventSource("console/api/events");
  for (const part of PARTS) {
    stream.addEventListener(part, (event) => show(part, JSON.parse(event.data)));
  }
  stream.onopen = () => {
    clearInterval(polling);
    polling = null;
    pulse("live", true);
  };
  stream.onerror = () => {
    polling ??= setInterval(poll, POLL_MILLISECONDS);
    pulse("reconnecting", false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, POLL_MILLISECONDS);
  };
}

const allTabs = () => [...document.querySelectorAll("[role=tab]")];

function select(chosen) {
  for (const button of allTabs()) {
    const on = button === chosen;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
    document.getElementById(button.getAttribute("aria-controls")).hidden = !on;
  }
  // What was hidden could not scroll to its end.
  if (chosen.id === "tab-logs") showNewest();
  if (chosen.id === "tab-call") flow?.showNewest();
}

function tabs() {
  const buttons = allTabs();
  document.getElementById("faults-on").addEventListener("click", () => {
    select(document.getElementById("tab-faults"));
  });
  buttons.forEach((button, index) => {
    button.addEventListener("click", () => select(button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = buttons[(index + step + buttons.length) % buttons.length];
      select(next);
      next.focus();
    });
  });
}

function numbers({ setting, calls }) {
  const called = calls.numbers.map((number) => ` · call ${spoken(number)}`).join("");
  document.getElementById("number").textContent = `text ${spoken(setting.number)}${called}`;
}

async function start() {
  tabs();
  for (;;) {
    try {
      const first = await read();
      numbers(first);
      if (!phones) make(first.setting);
      renderLogs(first.setting.functions);
      for (const part of PARTS) show(part, first[part]);
      break;
    } catch {
      pulse("waiting for the stack", false);
      await new Promise((done) => setTimeout(done, POLL_MILLISECONDS));
    }
  }
  follow();
}

start();
