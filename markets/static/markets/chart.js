/* ChartPanel: candles and depth of the market, in one panel; each as numbers in a table, too.
 *
 * Rules:
 * - The library comes by an import of the site's own when the page is there already; where it is missing the panel
 *   says so, and the depth and both tables work without it.
 * - All is drawn at most once a frame; a depth that nobody sees, and a table that is not shown, not at all.
 * - Interval, scale and zone are kept by the browser, and are its own business: another starts with the defaults.
 */

import { CandleChart, clockOf } from "./candle_chart.js";
import { CandleFeed, INTERVAL_NAMES } from "./candle_feed.js";
import { changeOf, INTERVALS } from "./candles.js";
import { candleRow, depthRow } from "./chart_tables.js";
import { coloursNow, onTheme } from "./colours.js";
import { decimalsOf, shown } from "./decimal.js";
import { depthTable } from "./depth.js";
import { DepthChart } from "./depth_chart.js";
import { byId, oncePerFrame, Rows, setText } from "./draw.js";
import { connectTabs } from "./history.js";
import { connectSwitch, keep, kept } from "./switches.js";

/** @import { Bar } from "./candles.js" */
/** @import { MarketFeed } from "./feed.js" */
/** @import { ServerClock } from "./rest.js" */
/** @import { Fill, Interval, MarketRules, Order } from "./types.js" */

const TABLE_ROWS = 60;
const MISSING =
  "The chart's library is not on this server: npm could not fetch it. The operator runs `make run` again where the npm registry can be reached. The table and everything else work without it.";
const KEYS = { interval: "chart-interval", logarithmic: "chart-logarithmic", utc: "chart-utc" };

export class ChartPanel {
  /** @type {CandleChart | null} */
  #chart = null;
  /** The first bar that is not drawn yet. */
  #from = Infinity;
  /** @type {number | null} */
  #pointed = null;
  #clock = clockOf(undefined);
  #logarithmic = false;
  /** @type {{ orders: Order[], fills: Fill[] }} */
  #own = { orders: [], fills: [] };

  /** @param {MarketRules} rules @param {MarketFeed} feed @param {ServerClock} clock */
  constructor(rules, feed, clock) {
    this.rules = rules;
    this.feed = feed;
    this.decimals = decimalsOf(rules.tick_size);
    this.place = /** @type {HTMLElement} */ (byId("candles"));
    this.drawDepth = oncePerFrame(() => this.#drawDepth());
    this.#redraw = oncePerFrame(() => this.#draw());
    this.depth = new DepthChart(/** @type {HTMLCanvasElement} */ (byId("depth")), rules, {
      redraw: this.drawDepth,
      zoomed: (words) => setText(element("depth-zoom"), words),
      pointed: (words, spoken) => this.#say("depth-legend", words, spoken),
    });
    this.candleRows = new Rows(element("candles-table"), element("candles-nothing"), candleRow(this.decimals, (bar) => this.#when(bar)));
    this.depthRows = new Rows(element("depth-table"), element("depth-nothing"), depthRow(rules));
    this.candles = new CandleFeed(feed, clock, (place) => this.#changed(place));
    this.#connect();
    onTheme(() => this.#recolour());
    this.candles.choose(this.#interval());
    this.#load().catch((error) => this.#complain(error));
  }

  #redraw;

  /** The account's own orders and fills, of any market. @param {Iterable<Order>} orders @param {Iterable<Fill>} fills */
  setOwn(orders, fills) {
    const isHere = (/** @type {Order | Fill} */ { market }) => market === this.rules.symbol;
    this.#own = { orders: [...orders].filter(isHere), fills: [...fills].filter(isHere) };
    this.#redraw();
  }

  async #load() {
    const url = this.place.dataset.library;
    if (!url) {
      this.#note(MISSING);
      return;
    }
    /** @type {import("./candle_chart.js").Library} */
    const library = await import(url);
    const heard = { older: () => this.candles.older(), pointed: (/** @type {number | null} */ place) => this.#point(place) };
    this.#chart = new CandleChart(library, this.place, this.rules, heard);
    this.#chart.setColours(coloursNow());
    this.#chart.setScale(this.#logarithmic);
    this.#chart.setClock(this.#clock);
    this.#changed(0);
  }

  /** @param {unknown} error */
  #complain(error) {
    this.#note("The chart's library could not be loaded; reload the page to try again. The table works without it.");
    throw error;
  }

  #connect() {
    connectTabs(element("chart-tabs"));
    const before = kept(KEYS.interval) ?? "1m";
    for (const input of intervals()) {
      input.checked = input.value === before;
      input.addEventListener("change", () => {
        keep(KEYS.interval, input.value);
        this.#pointed = null;
        this.candles.choose(this.#interval());
      });
    }
    connectSwitch(element("chart-logarithmic"), KEYS.logarithmic, (pressed) => {
      this.#logarithmic = pressed;
      this.#chart?.setScale(pressed);
    });
    connectSwitch(element("chart-utc"), KEYS.utc, (pressed) => this.#setZone(pressed ? "UTC" : undefined));
    for (const name of ["candles", "depth"]) {
      connectSwitch(element(`${name}-as-table`), null, (pressed) => {
        element(`${name}-picture`).hidden = pressed;
        element(`${name}-numbers`).hidden = !pressed;
        this.#redraw();
        this.drawDepth();
      });
    }
    element("depth-nearer").addEventListener("click", () => this.depth.zoom(-1));
    element("depth-further").addEventListener("click", () => this.depth.zoom(1));
    this.place.addEventListener("keydown", (event) => this.#key(event));
    this.place.addEventListener("blur", () => this.#chart?.leave());
  }

  /** @param {string | undefined} zone undefined: the reader's own */
  #setZone(zone) {
    this.#clock = clockOf(zone);
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    setText(element("chart-zone"), `Times: ${zone ?? own}`);
    this.#chart?.setClock(this.#clock);
    this.#redraw();
  }

  #recolour() {
    this.#chart?.setColours(coloursNow());
    this.depth.recolour();
    this.#redraw();
  }

  /** @returns {Interval} */
  #interval() {
    const chosen = intervals().find(({ checked }) => checked)?.value;
    return INTERVAL_NAMES.find((name) => name === chosen) ?? "1m";
  }

  /** @param {number | null} place */
  #changed(place) {
    if (place !== null) this.#from = Math.min(this.#from, place);
    this.#redraw();
  }

  #draw() {
    const { candles, inStep, reason } = this.candles;
    const { bars, interval } = candles;
    if (this.#chart !== null && this.#from !== Infinity) {
      this.#chart.draw(bars, this.#from, interval);
      this.#from = Infinity;
    }
    const own = this.#chart?.drawOwn(this.#own.orders, this.#own.fills, INTERVALS[interval]);
    if (own) this.place.dataset.own = `${own.lines} ${own.lines === 1 ? "line" : "lines"}, ${own.marks} ${own.marks === 1 ? "mark" : "marks"}`;
    this.place.dataset.bars = String(bars.length);
    this.place.dataset.step = inStep ? "in" : "out";
    const waiting = reason ? `The candles may be old: ${reason}.` : "Asking for the candles…";
    setText(element("candles-state"), inStep ? (bars.length ? "" : "No trades yet: the first makes the first candle.") : waiting);
    this.#drawLegend();
    if (!element("candles-numbers").hidden) this.candleRows.draw(bars.slice(-TABLE_ROWS).reverse(), (/** @type {Bar} */ { time }) => String(time));
  }

  #drawLegend() {
    const { bars, interval } = this.candles.candles;
    const at = this.#pointed !== null && this.#pointed < bars.length ? this.#pointed : bars.length - 1;
    const bar = bars[at];
    element("candles-legend").hidden = bar === undefined;
    if (bar === undefined) return;
    for (const name of /** @type {const} */ (["open", "high", "low", "close"])) setText(element(`legend-${name}`), shown(bar[name], this.decimals));
    setText(element("legend-volume"), shown(bar.volume));
    const { sign, words } = changeOf(bar, bars[at - 1], this.decimals);
    setText(element("legend-change"), words);
    setText(element("legend-time"), this.#when(bar));
    element("candles-legend").dataset.sign = String(sign);
    this.place.setAttribute("aria-label", `${this.rules.symbol}, candles of ${interval}, the last closed at ${shown(bars[bars.length - 1].close, this.decimals)} ${this.rules.quote}`);
  }

  /** @param {Bar} bar */
  #when({ time }) {
    return this.candles.candles.interval === "1d" ? clockOf("UTC").date(time) : this.#clock.whole(time);
  }

  #drawDepth() {
    const { feed } = this.feed;
    this.depth.draw(feed);
    const { book, inStep } = feed;
    if (!element("depth-numbers").hidden && inStep) this.depthRows.draw(depthTable(book.bids(), book.asks()), (/** @type {{ share: string }} */ { share }) => share);
    const isThin = book.size.bids === 0 || book.size.asks === 0;
    setText(element("depth-state"), inStep ? (isThin ? "There is no depth while a side of the book is empty." : "") : `The book is out of step: ${feed.reason}.`);
  }

  /** @param {number | null} place */
  #point(place) {
    this.#pointed = place;
    this.#redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const chart = this.#chart;
    const { bars } = this.candles.candles;
    if (chart === null || event.ctrlKey || event.altKey || event.metaKey) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
    const zoom = { "+": 0.8, "=": 0.8, "-": 1.25 }[event.key];
    const step = /** @type {Record<string, number>} */ (steps)[event.key];
    if (zoom !== undefined) chart.zoom(zoom);
    else if (event.key === "Escape") chart.leave();
    else if (step !== undefined && bars.length) this.#walk(chart, step);
    else return;
    event.preventDefault();
  }

  /** @param {CandleChart} chart @param {number} step */
  #walk(chart, step) {
    const { bars } = this.candles.candles;
    const last = bars.length - 1;
    const place = Math.min(Math.max((this.#pointed ?? (step < 0 ? last + 1 : last)) + step, 0), last);
    if (step === Infinity) chart.showLatest();
    chart.point(place);
    this.#point(place);
    const { open, high, low, close, volume } = bars[place];
    const words = [`open ${shown(open)}`, `high ${shown(high)}`, `low ${shown(low)}`, `close ${shown(close)}`, `volume ${shown(volume)}`];
    setText(element("chart-said"), `${this.#when(bars[place])}: ${words.join(", ")}`);
  }

  /** @param {string} id @param {string} words @param {boolean} spoken */
  #say(id, words, spoken) {
    setText(element(id), words);
    if (spoken) setText(element("chart-said"), words);
  }

  /** @param {string} text */
  #note(text) {
    setText(element("candles-missing"), text);
    element("candles-missing").hidden = false;
    this.place.hidden = true;
  }
}

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (byId(id));

/** @returns {HTMLInputElement[]} */
const intervals = () => [...element("chart-intervals").querySelectorAll("input")];
