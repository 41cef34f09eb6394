// Twelve keys with their letters, by finger, mouse or keyboard.

import { h } from "./dom.js";

const KEYS = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "+"], ["#", ""],
];
const NAMES = { "*": "star", "#": "pound", 0: "0" };

/** A keypad; `onPress(key)` for each key. */
export function makeKeypad(onPress) {
  return h("div", {
    className: "keypad", role: "group", "aria-label": "Keypad",
    onkeydown: (event) => {
      if (!/^[0-9*#]$/.test(event.key) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      onPress(event.key);
    },
  }, KEYS.map(([key, letters]) => h("button", {
    type: "button", "data-key-press": key,
    "aria-label": [NAMES[key] ?? key, ...(letters === "+" ? [] : letters)].join(" "),
    onclick: () => onPress(key),
  }, h("span", {}, key), h("small", { "aria-hidden": "true" }, letters || "\u00a0"))));
}
