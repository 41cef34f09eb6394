// The faults: what production will do sooner or later, at the flick of a switch.

import { h, replace } from "./dom.js";

const TITLES = { carrier: "The carrier", model: "The model" };

/** Show the switches. */
export function renderFaults(faults) {
  const on = faults.filter((fault) => fault.on).length;
  document.getElementById("count-faults").textContent = on || "";
  const alarm = document.getElementById("faults-on");
  alarm.hidden = !on;
  alarm.textContent = `${on} fault${on === 1 ? "" : "s"} on`;
  replace(document.getElementById("panel-faults"),
    h("p", { className: "quiet" },
      "A switched-on fault strikes every text and every call that it can, until it is switched off again."),
    Object.entries(TITLES).map(([source, title]) => h("section", { className: "faults" },
      h("h3", {}, title),
      faults.filter((fault) => fault.source === source).map(row))));
}

function row(fault) {
  const id = `fault-${fault.source}-${fault.name}`;
  return h("div", { className: "fault" },
    h("input", {
      type: "checkbox", role: "switch", id, checked: fault.on,
      onchange: (event) => flick(fault, event.target),
    }),
    h("label", { for: id },
      h("span", { className: "name" }, fault.name.replaceAll("_", " ").replace(/([a-z])(\d)/, "$1 $2")),
      h("span", { className: "quiet" }, fault.says)));
}

/** Switch a fault as its box says; the box goes back where that fails. */
export async function flick(fault, box) {
  const answer = await fetch(`console/api/faults/${fault.source}/${fault.name}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ on: box.checked }),
  }).catch(() => null);
  if (!answer?.ok) box.checked = !box.checked;
}
