// Building and replacing parts of the page: nothing here knows what is shown.

/** An element with properties, attributes and children; null children are left out. */
export function h(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name === "className" ? "class" : name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replace what a container holds; opened details and the focus stay where their key still is. */
export function replace(container, ...children) {
  const open = new Set([...container.querySelectorAll("details[open][data-key]")]
    .map((details) => details.dataset.key));
  const focused = container.contains(document.activeElement)
    ? document.activeElement.closest("[data-key]")?.dataset.key : undefined;
  const top = container.scrollTop;
  container.replaceChildren(...children.flat().filter(Boolean));
  for (const details of container.querySelectorAll("details[data-key]")) {
    if (open.has(details.dataset.key)) details.open = true;
    if (focused === details.dataset.key) details.querySelector("summary")?.focus();
  }
  container.scrollTop = top;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});

/** A time of day; takes epoch seconds. */
export const time = (seconds) => clock.format(new Date(seconds * 1000));

const minutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** What a call is called; takes the epoch milliseconds of its beginning. */
export const callAt = (milliseconds) => (milliseconds
  ? `Call at ${minutes.format(new Date(milliseconds))}` : "Call");

/** A duration for reading. */
export const duration = (milliseconds) => (milliseconds < 1000
  ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(milliseconds < 10000 ? 2 : 1)} s`);

/** `+13035550100` as people write it. */
export const spoken = (number) => number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3");
