// The prompt canvas in the browser: tools, words, the list of marks, undo. It sends `marks`; Python checks them and
// answers with a mask. It needs surface.js before it.

const KEYS = { c: "click", s: "scribble", b: "box", p: "polygon" };
const HELP =
  "Arrow keys move the cursor, with Shift in small steps. Enter marks what to include, Shift+Enter what to exclude; " +
  "boxes and strokes begin and end with Enter. C, S, B, P choose a tool, Escape gives up, Ctrl+Z takes back.";

function render({ model, el }) {
  const tools = model.get("tools");
  let marks = model.get("marks") ?? [];
  let history = [];
  let tool = tools.find((name) => Object.values(KEYS).includes(name));
  let draft = null; // a shape that is being drawn, and where

  const status = make("p", { class: "said", role: "status" }); // the answer
  const place = make("p", { class: "place", role: "status" }); // the cursor of the keyboard
  const problem = make("p", { class: "said", role: "alert" });
  const list = make("ol", { "aria-label": "What you drew" });
  const buttons = {};

  // Send new marks to Python, and remember the old ones for undo.
  const commit = (next, remember = true) => {
    if (remember) history.push(marks);
    marks = next;
    model.set("marks", next);
    model.save_changes();
    draw();
  };
  const undo = () => (draft ? cancel() : history.length && commit(history.pop(), false));
  const cancel = () => ((draft = null), draw());

  // Drawing: a shape begins, grows with the cursor, and ends. A click begins and ends at once.
  const begin = (surface, positive) => {
    if (draft) return true; // Enter for the second time
    const kind = surface === reference ? "reference" : tool;
    if (!kind) return false;
    const include = kind === "reference" || (positive && exclude.getAttribute("aria-pressed") === "false");
    draft = { surface, mark: { kind, points: [surface.cursor], positive: include, text: "" } };
    draw();
    return kind === "click";
  };
  const extend = (surface) => {
    if (draft?.surface === surface && draft.mark.kind !== "click") {
      const points = draft.mark.points;
      const [x, y] = points[points.length - 1];
      if (isCorners(draft.mark.kind)) draft.mark.points = [points[0], surface.cursor];
      else if (Math.hypot(surface.cursor[0] - x, surface.cursor[1] - y) > CLOSE && points.length < 500) points.push(surface.cursor);
    } else if (!surface.pressed) place.textContent = `Cursor at ${percent(surface.cursor)}`;
    draw();
  };
  const end = (surface) => {
    if (draft?.surface !== surface) return;
    const mark = finished(draft.mark);
    draft = null;
    place.textContent = mark ? "" : "Too small: nothing was marked.";
    const others = mark?.kind === "reference" ? marks.filter(({ kind }) => kind !== "reference") : marks;
    mark ? commit([...others, mark]) : draw();
  };

  const picture = makeSurface(`${model.get("alt")}. ${HELP}`, begin, extend, end, cancel);
  const reference = makeSurface(`${model.get("reference_alt")}: mark a box of it. ${HELP}`, begin, extend, end, cancel);
  const surfaces = [picture, ...(model.get("reference") ? [reference] : [])];

  const button = (text, title, act) => {
    const one = make("button", { type: "button", title }, text);
    one.addEventListener("click", act);
    return one;
  };
  const choose = (name) => {
    if (!tools.includes(name)) return;
    tool = name;
    for (const [key, one] of Object.entries(buttons)) one.setAttribute("aria-pressed", String(key === tool));
  };
  for (const [key, name] of Object.entries(KEYS))
    if (tools.includes(name)) buttons[name] = button(name, `${name} (key ${key.toUpperCase()})`, () => choose(name));
  const exclude = button("exclude", "Mark what to exclude (or the right button, or Shift)", () =>
    exclude.setAttribute("aria-pressed", String(exclude.getAttribute("aria-pressed") === "false")),
  );
  exclude.setAttribute("aria-pressed", "false");
  const bar = make("div", { class: "bar", role: "toolbar", "aria-label": "Tools" }, ...Object.values(buttons));
  if (tool) bar.append(exclude);
  bar.append(button("undo", "Take back (Ctrl+Z)", undo), button("clear", "Remove all marks", () => commit([])));
  choose(tool);

  // Words: one text mark at most.
  const words = make("input", { type: "text", maxlength: "200", placeholder: "what to look for" });
  words.addEventListener("change", () => {
    const rest = marks.filter(({ kind }) => kind !== "text");
    const text = words.value.trim();
    commit(text ? [...rest, { kind: "text", points: [], positive: true, text }] : rest);
  });
  const typed = make("label", { class: "words" }, "Words ", words);

  const item = (mark, number) => {
    const row = make("li", {}, inWords(mark), " ");
    if (mark.kind === "box" && model.get("phrases")) {
      const phrase = make("input", { type: "text", maxlength: "200", "aria-label": `Phrase of mark ${number + 1}`, placeholder: "what is in it" });
      phrase.value = mark.text;
      const renamed = (one, at) => (at === number ? { ...one, text: phrase.value.trim() } : one);
      phrase.addEventListener("change", () => commit(marks.map(renamed)));
      row.append(phrase);
    }
    const remove = () => (commit(marks.filter((_, at) => at !== number)), picture.root.focus());
    row.append(button("✕", `Remove mark ${number + 1}`, remove));
    return row;
  };

  // Everything that can be seen, anew.
  function draw() {
    for (const surface of surfaces) {
      const { naturalWidth: width, naturalHeight: height } = surface.image;
      const [wide, high] = width >= height ? [100, (100 * height) / (width || 1)] : [(100 * width) / height, 100];
      surface.drawing.setAttribute("viewBox", `0 0 ${wide} ${high || 100}`);
      surface.drawing.replaceChildren();
      const here = marks.filter(({ kind }) => (kind === "reference") === (surface === reference));
      for (const mark of draft?.surface === surface ? [...here, draft.mark] : here) drawMark(surface.drawing, mark, wide, high || 100);
      const [x, y] = [surface.cursor[0] * wide, surface.cursor[1] * (high || 100)];
      for (const layer of ["under", "cross"]) surface.drawing.append(shape("path", { class: `${layer} cursor`, d: `M${x - 4},${y}h8M${x},${y - 4}v8` }));
    }
    if (!list.contains(document.activeElement) || list.children.length !== marks.length) list.replaceChildren(...marks.map(item));
    const text = marks.find(({ kind }) => kind === "text")?.text ?? "";
    if (document.activeElement !== words) words.value = text;
  }

  const show = () => {
    for (const [surface, name] of [[picture, "picture"], [reference, "reference"]]) {
      if (surface.image.src !== model.get(name)) surface.image.src = model.get(name);
      surface.image.alt = model.get(name === "picture" ? "alt" : "reference_alt");
    }
    picture.mask.hidden = !model.get("mask");
    if (model.get("mask")) picture.mask.src = model.get("mask");
    status.textContent = model.get("says");
    problem.textContent = model.get("problem") ? `✗ ${model.get("problem")}` : "";
  };
  const taken = () => {
    if (JSON.stringify(model.get("marks")) === JSON.stringify(marks)) return;
    history.push(marks); // Python changed them
    marks = model.get("marks") ?? [];
    draw();
  };
  for (const surface of surfaces) {
    surface.image.addEventListener("load", () => {
      surface.root.classList.toggle("pixels", surface.image.naturalWidth < 200);
      draw();
    });
  }

  // Keys of the whole canvas; typing in a field stays typing.
  const root = make("div", { class: "prompt-canvas", role: "group", "aria-label": "Prompt canvas", "data-lm-suppress-shortcuts": "true" });
  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // "b" would else add a cell to the notebook
    if (event.target.tagName === "INPUT") return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") return event.preventDefault(), undo();
    if (!event.ctrlKey && !event.metaKey && !event.altKey) choose(KEYS[event.key.toLowerCase()]);
  });
  root.append(bar, make("div", { class: "surfaces" }, ...surfaces.map(({ root }) => root)));
  if (tools.includes("text")) root.append(typed);
  root.append(place, status, problem, list);
  el.append(root);

  model.on("change:picture change:reference change:alt change:mask change:says change:problem", show);
  model.on("change:marks", taken);
  show();
  draw();
}

export default { render };
