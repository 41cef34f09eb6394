// The functions' logs: one stream, filtered by function, following its end.

import { h, time } from "./dom.js";

const KEPT = 800;
let lines = [];
let chosen = "";
let table = null;
let switches = [];

/** Set the panel up: a button per function. */
export function renderLogs(functions) {
  table = h("ol", { className: "lines", "aria-label": "Log lines" });
  switches = ["", ...functions].map((name) => h("button", {
    type: "button", "data-function": name, "aria-pressed": String(name === chosen),
    onclick: () => choose(name),
  }, name || "all"));
  document.getElementById("panel-logs").replaceChildren(
    h("div", { className: "filter", role: "group", "aria-label": "Function" }, switches), table);
}

/** Add what is new; an earlier number means that the stack began again. */
export function addLines(fresh) {
  const last = lines.at(-1)?.number ?? 0;
  const restarted = fresh.length > 0 && fresh.at(-1).number < last;
  const news = restarted ? fresh : fresh.filter((line) => line.number > last);
  lines = (restarted ? news : [...lines, ...news]).slice(-KEPT);
  if (restarted) table.replaceChildren();
  show(news);
}

/** Show the newest lines. */
export function showNewest() {
  if (table) table.scrollTop = table.scrollHeight;
}

function choose(name) {
  chosen = name;
  for (const button of switches) {
    button.setAttribute("aria-pressed", String(button.dataset.function === name));
  }
  table.replaceChildren();
  show(lines);
}

const short = (name) => name.replace(/^.*-/, "");

function show(some) {
  const wanted = some.filter((line) => !chosen || short(line.function) === chosen);
  const atEnd = table.scrollHeight - table.scrollTop - table.clientHeight < 80;
  table.append(...wanted.map(row));
  while (table.childElementCount > KEPT) table.firstChild.remove();
  if (atEnd) table.scrollTop = table.scrollHeight;
}

function row(line) {
  const { level, text, detail } = parse(line.text);
  const head = [
    h("span", { className: "quiet" }, time(line.at)),
    h("span", { className: "function" }, short(line.function)),
    h("span", { className: "level" }, level),
    h("span", { className: "words" }, text),
  ];
  const body = detail
    ? h("details", {}, h("summary", {}, head), h("pre", {}, JSON.stringify(detail, null, 2)))
    : h("p", {}, head);
  return h("li", { className: `line level-${level.toLowerCase() || "none"}` }, body);
}

function parse(text) {
  if (text.startsWith("{")) {
    try {
      const detail = JSON.parse(text);
      if (detail._aws) return { level: "METRIC", text: metrics(detail), detail };
      const words = typeof detail.message === "string" ? detail.message : JSON.stringify(detail.message);
      return { level: detail.level ?? "", text: words ?? text, detail };
    } catch {
      // Not JSON after all: shown as it came.
    }
  }
  const level = /^(START|END|REPORT|INIT_START)\b/.test(text) ? "PLATFORM"
    : /error|traceback|exception/i.test(text) ? "ERROR" : "";
  return { level, text, detail: null };
}

function metrics(detail) {
  const names = detail._aws.CloudWatchMetrics.flatMap((set) => set.Metrics.map((m) => m.Name));
  return names.map((name) => `${name} ${detail[name]}`).join(", ");
}
