/* DepthChart: the page's own book as a curve of what there is up to each price, on a canvas.
 *
 * Rules:
 * - Drawn at most once a frame, by whoever calls `draw`, and only while it is seen.
 * - A book that is out of step stays, pale, as everywhere on the page.
 * - Whatever the pointer shows, the arrow keys show, too; what is shown is said to who cannot see it.
 */

import { coloursNow, faded } from "./colours.js";
import { add, decimalsOf, multiply, shown } from "./decimal.js";
import { depthOf, fittingShare, levelAt, SHARES, sumTo } from "./depth.js";

/** @import { BookFeed } from "./local_book.js" */
/** @import { Depth, Step } from "./depth.js" */
/** @import { Level, MarketRules, Side } from "./types.js" */

const AXIS = 20;
const TOP = 40;
/** How far from each other numbers on the axes stand at least, in pixels. */
const APART = { x: 90, y: 40 };
const PALE = 0.35;

export class DepthChart {
  /** @type {number | null | undefined} */
  #share;
  /** @type {{ side: Side, place: number } | null} */
  #pointed = null;
  /** @type {Level[]} */
  #bids = [];
  /** @type {Level[]} */
  #asks = [];
  /** @type {Depth | null} */
  #depth = null;

  /** @param {HTMLCanvasElement} canvas @param {MarketRules} rules
   * @param {{ redraw: () => void, zoomed: (words: string) => void, pointed: (words: string, spoken: boolean) => void }} heard */
  constructor(canvas, rules, heard) {
    this.canvas = canvas;
    this.rules = rules;
    this.heard = heard;
    this.decimals = decimalsOf(rules.tick_size);
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.colours = coloursNow();
    this.font = `11px ${getComputedStyle(canvas).fontFamily}`;
    this.size = { width: 0, height: 0 };
    this.seen = false;
    canvas.addEventListener("pointermove", ({ offsetX }) => this.#pointAt(offsetX));
    canvas.addEventListener("pointerleave", () => this.#point(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#point(null));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(([{ contentRect }]) => {
      this.size = { width: contentRect.width, height: contentRect.height };
      heard.redraw();
    }).observe(canvas);
    new IntersectionObserver((entries) => {
      this.seen = entries.some(({ isIntersecting }) => isIntersecting);
      if (this.seen) heard.redraw();
    }).observe(canvas);
  }

  /** The theme is another. */
  recolour() {
    this.colours = coloursNow();
    this.heard.redraw();
  }

  /** See nearer (-1) or further (1). @param {-1 | 1} step */
  zoom(step) {
    const at = SHARES.indexOf(this.#share ?? null) + step;
    if (at < 0 || at >= SHARES.length) return;
    this.#share = SHARES[at];
    this.#pointed = null;
    this.heard.zoomed(this.zoomWords);
    this.heard.redraw();
  }

  get zoomWords() {
    if (this.#share === undefined) return "–";
    return this.#share === null ? "all" : `±${Number((this.#share * 100).toPrecision(3))} %`;
  }

  /** @param {BookFeed} feed */
  draw(feed) {
    if (!this.seen) return;
    if (feed.inStep) {
      this.#bids = feed.book.bids();
      this.#asks = feed.book.asks();
      if (this.#share === undefined && this.#bids.length && this.#asks.length) {
        this.#share = fittingShare(this.#bids, this.#asks);
        this.heard.zoomed(this.zoomWords);
      }
    }
    this.#depth = depthOf(this.#bids, this.#asks, this.#share ?? null);
    this.#paint(feed.inStep);
    this.heard.pointed(this.#words(), false);
  }

  /** @param {boolean} inStep */
  #paint(inStep) {
    const { canvas, pen } = this;
    const { width, height } = this.size;
    const ratio = devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const depth = this.#depth;
    if (depth === null || depth.most <= 0 || width < 40 || height < 60) return;
    const scale = scaleOf(depth, width, height);
    pen.globalAlpha = inStep ? 1 : PALE;
    this.#paintAxes(depth, scale);
    this.#paintSide(depth.bids, scale, this.colours.bid, 0);
    this.#paintSide(depth.asks, scale, this.colours.ask, width);
    this.#paintMiddle(depth, scale);
    pen.globalAlpha = 1;
    if (inStep) this.#paintPointed(depth, scale);
  }

  /** @param {Step[]} steps @param {Scale} scale @param {string} colour @param {number} edge where its side of the picture ends */
  #paintSide(steps, { x, y, floor }, colour, edge) {
    if (!steps.length) return;
    const { pen } = this;
    const path = new Path2D();
    path.moveTo(x(steps[0].price), floor);
    let above = floor;
    for (const { price, total } of steps) {
      path.lineTo(x(price), above);
      above = y(total);
      path.lineTo(x(price), above);
    }
    path.lineTo(edge, above);
    const area = new Path2D(path);
    area.lineTo(edge, floor);
    area.closePath();
    pen.fillStyle = faded(colour, 40);
    pen.fill(area);
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.stroke(path);
  }

  /** @param {Depth} depth @param {Scale} scale */
  #paintAxes({ low, high, most }, { x, y, width, floor }) {
    const { pen, colours } = this;
    this.#write(colours.dim);
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const price of marks(low, high, width / APART.x)) {
      if (x(price) < 30 || x(price) > width - 30) continue;
      pen.fillText(this.#price(price), x(price), floor + AXIS / 2);
    }
    pen.textAlign = "right";
    pen.textBaseline = "bottom";
    for (const total of marks(0, most, (floor - TOP) / APART.y)) {
      if (total <= 0) continue;
      this.#line(0, y(total), width, y(total));
      pen.fillText(shortly(total), width - 4, y(total) - 1);
    }
    this.#line(0, floor, width, floor);
  }

  /** @param {Depth} depth @param {Scale} scale */
  #paintMiddle({ middle }, { x, floor }) {
    const { pen, colours } = this;
    pen.strokeStyle = colours["line-strong"];
    pen.setLineDash([3, 3]);
    this.#line(x(middle), TOP, x(middle), floor);
    pen.setLineDash([]);
  }

  /** @param {Depth} depth @param {Scale} scale */
  #paintPointed(depth, { x, y, floor }) {
    if (this.#pointed === null) return;
    const { side, place } = this.#pointed;
    const step = (side === "buy" ? depth.bids : depth.asks)[place];
    if (step === undefined) return;
    const { pen, colours } = this;
    const [at, above] = [x(step.price), y(step.total)];
    pen.strokeStyle = colours.dim;
    pen.setLineDash([2, 3]);
    this.#line(at, TOP, at, floor);
    pen.setLineDash([]);
    pen.fillStyle = side === "buy" ? colours.bid : colours.ask;
    pen.beginPath();
    pen.arc(at, above, 4, 0, 2 * Math.PI);
    pen.fill();
  }

  /** What is said of the level that is pointed at; of none, where the middle is. */
  #words() {
    if (this.#pointed === null) {
      const [bid, ask] = [this.#bids[0]?.[0], this.#asks[0]?.[0]];
      return bid === undefined || ask === undefined ? "" : `Middle ${shown(multiply(add(bid, ask), "0.5"), this.decimals)} ${this.rules.quote}`;
    }
    const { side, place } = this.#pointed;
    const levels = side === "buy" ? this.#bids : this.#asks;
    if (levels[place] === undefined) return "";
    const { price, quantity, amount } = sumTo(levels, place);
    const { base, quote } = this.rules;
    const upTo = side === "buy" ? "Bids down to" : "Asks up to";
    return `${upTo} ${shown(price, this.decimals)}: ${shown(quantity)} ${base}, ${shown(amount)} ${quote}`;
  }

  /** @param {number} offset pixels from the left */
  #pointAt(offset) {
    const depth = this.#depth;
    if (depth === null) return;
    const price = depth.low + ((depth.high - depth.low) * offset) / this.size.width;
    const side = price <= depth.middle ? "buy" : "sell";
    const place = levelAt(side === "buy" ? depth.bids : depth.asks, price, side);
    this.#point(place < 0 ? null : { side, place });
  }

  /** @param {{ side: Side, place: number } | null} pointed */
  #point(pointed, spoken = false) {
    this.#pointed = pointed;
    this.heard.pointed(this.#words(), spoken);
    this.heard.redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const depth = this.#depth;
    const zoom = { "+": /** @type {const} */ (-1), "=": /** @type {const} */ (-1), "-": /** @type {const} */ (1) }[event.key];
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.#point(null);
    else if (zoom !== undefined) this.zoom(zoom);
    else if (step !== undefined && depth !== null) this.#walk(depth, step);
    else return;
    event.preventDefault();
  }

  /** From level to level, through the middle. @param {Depth} depth @param {number} step to the left or right */
  #walk(depth, step) {
    const { side, place } = this.#pointed ?? { side: step < 0 ? /** @type {const} */ ("buy") : /** @type {const} */ ("sell"), place: -1 };
    const next = place + (side === "buy" ? -step : step);
    if (next < 0) this.#point({ side: side === "buy" ? "sell" : "buy", place: 0 }, true);
    else if (next < (side === "buy" ? depth.bids : depth.asks).length) this.#point({ side, place: next }, true);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? -1 : 1);
  }

  /** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
  #line(x1, y1, x2, y2) {
    this.pen.beginPath();
    this.pen.moveTo(x1, y1);
    this.pen.lineTo(x2, y2);
    this.pen.stroke();
  }

  /** @param {string} colour */
  #write(colour) {
    this.pen.fillStyle = colour;
    this.pen.font = this.font;
  }

  /** @param {number} price */
  #price(price) {
    return shown(price.toFixed(this.decimals)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  }
}

/** @typedef {{ x: (price: number) => number, y: (total: number) => number, width: number, floor: number }} Scale */

/** @param {Depth} depth @param {number} width @param {number} height @returns {Scale} */
function scaleOf({ low, high, most }, width, height) {
  const floor = height - AXIS;
  return {
    x: (price) => ((price - low) / (high - low)) * width,
    y: (total) => floor - (total / most) * (floor - TOP),
    width,
    floor,
  };
}

/** Round numbers from low to high, `count` at most. @param {number} low @param {number} high @param {number} count */
function marks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) found.push(at * step);
  return found;
}

const COMPACT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumSignificantDigits: 3 });
const shortly = (/** @type {number} */ number) => COMPACT.format(number);
