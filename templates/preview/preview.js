"use strict";
// The preview's page: shows what the stream of the server sends, as the controls say.

const page = document.body;
const here = () => `${page.dataset.root}/${encodeURIComponent(page.dataset.issue)}`;
const chosen = { language: "", reader: "", address: "", arm: "" };
const shape = { view: "mail", width: "both", dark: false, bare: false, stripped: false };
const frames = [...document.querySelectorAll("iframe")];
const of = (id) => document.getElementById(id);
let mail = null; // the last one that could be rendered
let stripped = ""; // its HTML as Gmail may leave it, when that is looked at
let stream = null;

// ---- What the server sends ----

function query() {
  return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value)).toString();
}

function listen() {
  if (stream) stream.close();
  stream = new EventSource(`${here()}/live?${query()}`);
  stream.addEventListener("mail", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("faults", (event) => blame(JSON.parse(event.data)));
  stream.addEventListener("findings", (event) => tell(JSON.parse(event.data)));
  stream.addEventListener("refused", (event) => refuse(JSON.parse(event.data)));
  stream.addEventListener("error", () => say(page.dataset.lost, "lost"));
}

async function show(sent) {
  mail = sent;
  put("faults", "");
  page.classList.remove("faulty");
  page.classList.add("ready");
  await paint();
  of("subject").textContent = mail.subject;
  of("preheader").textContent = mail.preheader;
  chosen.language = mail.language;
  put("issue", mail.issues);
  put("languages", mail.languages);
  of("languages").hidden = of("languages").childElementCount < 2;
  put("readers", mail.readers);
  put("arms", mail.arms);
  put("variants", mail.variants);
  put("size", mail.size);
  weigh();
  const time = new Date().toLocaleTimeString(document.documentElement.lang);
  say(page.dataset.shown.replace("{time}", time).replace("{ms}", mail.took), "fresh");
  await painted();
  page.dataset.number = mail.number;
  page.dataset.painted = Date.now();
}

function blame(sent) {
  put("faults", sent.html);
  page.classList.add("faulty");
  say(page.dataset.faulty, "lost");
}

function tell(sent) {
  put("findings", sent.html);
  document.title = document.title.replace(/^(\(\d+\) )?/, sent.errors ? `(${sent.errors}) ` : "");
}

function refuse(sent) {
  of("refused").textContent = sent.text;
  chosen.address = "";
}

function say(text, kind) {
  of("state").textContent = text;
  of("state").className = kind;
}

// ---- Pieces of the page ----

function put(id, html) {
  // The same piece stays: nothing flickers, and who stands in it keeps their place.
  const place = of(id);
  if (place.sent === html) return;
  place.sent = html;
  const open = new Map([...place.querySelectorAll("details")].map((one) => [one.dataset.key, one.open]));
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  const made = new DOMParser().parseFromString(html, "text/html");
  for (const one of made.querySelectorAll("details")) {
    if (open.has(one.dataset.key)) one.open = open.get(one.dataset.key);
  }
  place.replaceChildren(...made.body.childNodes);
  if (focused && of(focused)) of(focused).focus();
}

function weigh() {
  const meter = of("meter");
  meter.className = `meter ${mail.weight}`;
  meter.firstElementChild.style.width = `${100 * mail.share}%`;
}

// ---- The mail ----

const ready = Promise.all(
  frames.map((frame) => new Promise((resolve) => {
    if (frame.contentDocument?.URL.endsWith("/blank") && frame.contentDocument.readyState === "complete") resolve();
    else frame.addEventListener("load", resolve, { once: true });
  })),
);
const sizes = new ResizeObserver((entries) => {
  for (const entry of entries) fit(entry.target.ownerDocument);
});

async function paint() {
  await ready;
  const source = shape.view !== "mail";
  of("frames").hidden = source;
  of("source").hidden = !source;
  if (source) {
    of("source").textContent = await part(shape.view);
    return;
  }
  if (shape.stripped) stripped = await part("stripped");
  for (const frame of frames) {
    // What nobody sees is written when somebody looks.
    if (frame.offsetParent) write(frame, shape.stripped ? stripped : mail.html);
  }
}

async function part(kind) {
  const answer = await fetch(`${here()}/part/${kind}?${query()}`);
  return answer.text();
}

function write(frame, html) {
  const inside = frame.contentDocument;
  const mode = shape.dark ? "dark" : "light";
  const made = read(inside, wearing(html, mode));
  made.querySelector("meta[name=color-scheme]")?.setAttribute("content", mode);
  for (const link of made.querySelectorAll("a[href]")) {
    if (!link.getAttribute("href").startsWith("#")) {
      link.target = "_blank";
      link.rel = "noopener noreferrer";
    }
  }
  frame.style.colorScheme = mode;
  change(inside.documentElement, made);
  sizes.observe(inside.documentElement);
  fit(inside);
}

function read(inside, html) {
  // Made within the frame's document, whose policy allows a mail's styles; the page's does not.
  const made = inside.createElement("html");
  const own = /<html([^>]*)>/i.exec(html)?.[1] ?? "";
  for (const [, name, value] of own.matchAll(/([\w:-]+)="([^"]*)"/g)) made.setAttribute(name, value);
  made.innerHTML = html;
  return made;
}

function change(old, made) {
  // Only what differs is replaced: the rest is neither laid out nor painted again, nor flickers.
  if (old.isEqualNode(made)) return;
  const top = old === old.ownerDocument.documentElement;
  if (top) dress(old, made);
  const same = top || (old.nodeType === 1 && old.cloneNode().isEqualNode(made.cloneNode()));
  if (same && old.childNodes.length && old.childNodes.length === made.childNodes.length) {
    const parts = [...made.childNodes];
    [...old.childNodes].forEach((part, at) => change(part, parts[at]));
  } else if (top) {
    old.replaceChildren(...made.childNodes);
  } else {
    old.replaceWith(made);
  }
}

function dress(old, made) {
  for (const name of old.getAttributeNames()) old.removeAttribute(name);
  for (const name of made.getAttributeNames()) old.setAttribute(name, made.getAttribute(name));
}

function wearing(html, mode) {
  // A page cannot say what a frame takes for the reader's wish: the wish is written out instead.
  let worn = html
    .replace(/\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)/gi, (_, wish) =>
      wish.toLowerCase() === mode ? "(min-width:0px)" : "(max-width:0px)")
    .replace(/color-scheme\s*:\s*light dark/gi, `color-scheme:${mode}`);
  if (shape.bare) worn = worn.replace(/(<img\b[^>]*?)\ssrc="[^"]*"/gi, "$1");
  return worn;
}

function fit(inside) {
  const frame = frames.find((one) => one.contentDocument === inside);
  const height = Math.ceil(inside.documentElement.getBoundingClientRect().height);
  if (frame && height && frame.height !== String(height)) frame.height = height;
}

function painted() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

// ---- Controls ----

function tabs(list, choose) {
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) select(tab);
  });
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll("[role=tab]")];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const tab = all[(to + all.length) % all.length];
    tab.focus();
    select(tab);
  });
  function select(tab) {
    for (const one of list.querySelectorAll("[role=tab]")) {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
    }
    choose(tab);
  }
}

tabs(of("views"), (tab) => {
  shape.view = tab.dataset.value;
  page.dataset.view = shape.view;
  of("shown").setAttribute("aria-labelledby", tab.id);
  if (mail) paint();
});
tabs(of("languages"), (tab) => {
  chosen.language = tab.dataset.value;
  chosen.reader = "";
  listen();
});
of("issue").addEventListener("change", (event) => {
  const before = page.dataset.issue;
  page.dataset.issue = event.target.value;
  for (const one of [of("title"), document.querySelector("title")]) {
    one.textContent = one.textContent.replace(before, event.target.value);
  }
  history.replaceState(null, "", here());
  // What was the other issue's goes, and stays away when this one cannot be shown.
  page.classList.remove("ready");
  put("faults", "");
  Object.assign(chosen, { language: "", reader: "", address: "", arm: "" });
  press(null);
  listen();
});
of("widths").addEventListener("change", (event) => {
  shape.width = event.target.value;
  page.dataset.width = shape.width;
  if (mail) paint();
});
of("looks").addEventListener("change", (event) => {
  shape[event.target.name] = event.target.checked;
  page.classList.toggle(`as-${event.target.name}`, event.target.checked);
  if (mail) paint();
});
of("readers").addEventListener("change", (event) => {
  chosen.reader = event.target.value;
  chosen.address = "";
  press(null);
  listen();
});
of("arms").addEventListener("change", (event) => {
  chosen.arm = event.target.value;
  listen();
});
of("as").addEventListener("submit", async (event) => {
  event.preventDefault();
  of("refused").textContent = "";
  const text = of("address").value.trim();
  const asked = new URLSearchParams({ text });
  const answer = await fetch(`${page.dataset.root}/-/people?${asked}`);
  const said = await answer.text();
  put("people", answer.ok ? said : "");
  if (!answer.ok) of("refused").textContent = said;
  const found = [...document.querySelectorAll("#people [data-address]")];
  const meant = found.find((one) => one.dataset.address.toLowerCase() === text.toLowerCase());
  if (meant || found.length === 1) become(meant ?? found[0]);
});
of("people").addEventListener("click", (event) => {
  const person = event.target.closest("[data-address]");
  if (person) become(person);
});
function press(person) {
  for (const one of document.querySelectorAll("#people [data-address]")) {
    one.setAttribute("aria-pressed", String(one === person));
  }
}
function become(person) {
  press(person);
  chosen.address = person.dataset.address;
  chosen.language = "";
  listen();
}
// Another width of the window may show a frame that was not written yet.
addEventListener("resize", () => { if (mail && shape.view === "mail") paint(); });
// What fits beside each other.
shape.width = innerWidth >= 1560 ? "both" : innerWidth >= 1000 ? "wide" : "phone";
document.querySelector(`[name=width][value=${shape.width}]`).checked = true;
page.dataset.width = shape.width;
page.dataset.view = "mail";
listen();
