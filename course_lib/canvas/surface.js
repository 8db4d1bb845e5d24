// One picture to draw on: it shows the picture, the mask, the marks and a cursor, and turns pointer and keys into
// begin, extend, end and cancel. widget.py puts this file before canvas.js.
// A mark is {kind, points: [[x, y], …], positive, text}, in shares of the picture's width and height.

const STEP = 1 / 32; // of the picture, for an arrow key
const CLOSE = 0.006; // nearer points of a stroke are one
const SVG = "http://www.w3.org/2000/svg";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const shape = (tag, attributes) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};
const clamp = (value) => Math.min(1, Math.max(0, value));
const round = (value) => Math.round(value * 1e4) / 1e4;
const percent = ([x, y]) => `${Math.round(100 * x)} %, ${Math.round(100 * y)} %`;
const isCorners = (kind) => kind === "box" || kind === "reference";

function inWords(mark) {
  if (mark.kind === "text") return `words: ${mark.text}`;
  const name = mark.kind === "reference" ? "region of the reference" : mark.kind;
  const last = mark.points[mark.points.length - 1];
  const where = mark.kind === "click" ? `at ${percent(last)}` : `from ${percent(mark.points[0])} to ${percent(last)}`;
  return `${mark.positive ? "include" : "exclude"}, ${name} ${where}`;
}

// A box dragged to any side gets its corners in order; null for what has no size.
function finished(draft) {
  if (!isCorners(draft.kind)) return draft.kind === "polygon" && draft.points.length < 3 ? null : draft;
  const [[ax, ay], [bx, by]] = [draft.points[0], draft.points[draft.points.length - 1]];
  const points = [[Math.min(ax, bx), Math.min(ay, by)], [Math.max(ax, bx), Math.max(ay, by)]];
  return points[1][0] - points[0][0] < 0.01 || points[1][1] - points[0][1] < 0.01 ? null : { ...draft, points };
}

// One picture that can be drawn on: the picture, the mask, the marks, the cursor of the keyboard.
function makeSurface(label, begin, extend, end, cancel) {
  const image = make("img", { draggable: "false" });
  const mask = make("img", { class: "mask", alt: "", draggable: "false" });
  const drawing = shape("svg", { "aria-hidden": "true" });
  const root = make("div", { class: "surface", tabindex: "0", role: "application", "aria-label": label }, image, mask, drawing);
  const surface = { root, image, mask, drawing, cursor: [0.5, 0.5], drawn: false };

  const place = (event) => {
    const frame = root.getBoundingClientRect();
    return [clamp((event.clientX - frame.left) / frame.width), clamp((event.clientY - frame.top) / frame.height)].map(round);
  };
  root.addEventListener("contextmenu", (event) => (event.preventDefault(), event.stopPropagation()));
  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 && event.button !== 2) return;
    root.setPointerCapture(event.pointerId);
    surface.pressed = true;
    surface.cursor = place(event);
    begin(surface, event.button === 0 && !event.shiftKey);
  });
  root.addEventListener("pointermove", (event) => {
    if (!surface.pressed) return;
    surface.cursor = place(event);
    extend(surface);
  });
  root.addEventListener("pointerup", () => {
    if (surface.pressed) end(surface);
    surface.pressed = false;
  });
  root.addEventListener("pointercancel", () => ((surface.pressed = false), cancel()));
  root.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move && event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Escape") return cancel();
    if (move) {
      const step = event.shiftKey ? STEP / 4 : STEP;
      surface.cursor = surface.cursor.map((value, axis) => round(clamp(value + step * move[axis])));
      return extend(surface);
    }
    if (begin(surface, !event.shiftKey)) end(surface);
  });
  root.addEventListener("focus", () => extend(surface));
  return surface;
}

function drawMark(drawing, mark, width, height) {
  const points = mark.points.map(([x, y]) => [x * width, y * height]);
  if (!points.length) return;
  const [[x, y], last] = [points[0], points[points.length - 1]];
  for (const layer of ["under", mark.positive ? "include" : "exclude"]) {
    const path = points.map((point) => point.join(",")).join(" ");
    if (isCorners(mark.kind)) {
      const box = { x: Math.min(x, last[0]), y: Math.min(y, last[1]), width: Math.abs(last[0] - x), height: Math.abs(last[1] - y) };
      drawing.append(shape("rect", { class: layer, ...box }));
    } else if (mark.kind === "polygon") drawing.append(shape("polygon", { class: layer, points: path }));
    else if (mark.kind === "scribble") drawing.append(shape("polyline", { class: layer, points: path }));
  }
  drawing.append(shape("circle", { class: mark.positive ? "include dot" : "exclude dot", cx: x, cy: y, r: 2.6 }));
  const sign = `M${x - 1.5},${y}h3` + (mark.positive ? `M${x},${y - 1.5}v3` : "");
  drawing.append(shape("path", { class: "sign", d: sign }));
  if (!mark.text) return;
  const words = shape("text", { class: "phrase", x: x + 3.4, y: y + 4.6 });
  words.textContent = mark.text;
  drawing.append(words);
}
