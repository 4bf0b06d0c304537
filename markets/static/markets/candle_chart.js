/* CandleChart: bars, volume, and the account's own orders and fills, as the chart library draws them.
 *
 * Rules:
 * - The library gets Numbers, to draw with; the legend and the table show the exchange's own decimals.
 * - It is told of what changed alone: the last bars one by one, all of them only when older ones came.
 * - Moments are of one zone, the reader's or UTC; a day is the exchange's, which is UTC's.
 */

import { precisionOf } from "./candles.js";
import { faded } from "./colours.js";
import { shown } from "./decimal.js";

/** @import { CandlestickData, HistogramData, IChartApi, IPriceLine, ISeriesApi, ISeriesMarkersPluginApi, SeriesMarker, Time, UTCTimestamp } from "lightweight-charts" */
/** @import { Bar } from "./candles.js" */
/** @import { Colours } from "./colours.js" */
/** @import { Fill, Interval, MarketRules, Order } from "./types.js" */

/** @typedef {typeof import("lightweight-charts")} Library */

/** Of the account's own: so many prices with orders have a line. */
const MAX_LINES = 20;
/** Bars to the left of what is seen when older ones are asked for. */
const NEARLY_ALL = 30;
const BARS_AT_FIRST = 90;
/** How much of its colour a volume has, of 255. */
const VOLUME_SHARE = 96;

/** How times are written, in a zone or in the reader's own.
 * @param {string | undefined} timeZone */
export function clockOf(timeZone) {
  const format = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
    const formatter = new Intl.DateTimeFormat("en-GB", { timeZone, hourCycle: "h23", ...options });
    return (/** @type {number} */ seconds) => formatter.format(seconds * 1000);
  };
  const day = format({ day: "numeric", month: "short" });
  const time = format({ hour: "2-digit", minute: "2-digit" });
  const whole = format({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const date = format({ day: "numeric", month: "short", year: "numeric" });
  return { day, time, whole, date, month: format({ month: "short" }), year: format({ year: "numeric" }) };
}

/** @typedef {ReturnType<typeof clockOf>} Clock */

export class CandleChart {
  /** @type {Bar[]} */
  #bars = [];
  #drawn = 0;
  /** @type {IPriceLine[]} */
  #lines = [];
  #linesAre = "";
  #markersAre = "";
  /** @type {Interval} */
  #interval = "1m";

  /**
   * @param {Library} library
   * @param {HTMLElement} place
   * @param {MarketRules} rules
   * @param {{ older: () => void, pointed: (bar: number | null) => void }} heard  `pointed` with the place of a bar, null: none
   */
  constructor(library, place, rules, heard) {
    this.library = library;
    this.rules = rules;
    const { decimals, step } = precisionOf(rules.tick_size);
    const format = { type: /** @type {const} */ ("custom"), minMove: step, base: 10 ** decimals, formatter: (/** @type {number} */ price) => shown(price.toFixed(decimals), decimals) };
    /** @type {IChartApi} */
    this.chart = library.createChart(place, {
      autoSize: true,
      // The attribution stands under the chart: the library's own logo needs an inline style.
      layout: { attributionLogo: false, fontFamily: getComputedStyle(place).fontFamily, fontSize: 11 },
      crosshair: { mode: library.CrosshairMode.Normal },
      rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.24 } },
      timeScale: { timeVisible: true, rightOffset: 4, minBarSpacing: 1 },
      localization: { locale: "en-GB" },
    });
    /** @type {ISeriesApi<"Candlestick">} */
    this.candles = this.chart.addSeries(library.CandlestickSeries, { priceFormat: format, borderVisible: false });
    /** @type {ISeriesApi<"Histogram">} */
    this.volumes = this.chart.addSeries(library.HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.volumes.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    /** @type {ISeriesMarkersPluginApi<Time>} */
    this.markers = library.createSeriesMarkers(this.candles, []);
    this.chart.subscribeCrosshairMove(({ time }) => heard.pointed(time === undefined ? null : this.#placeOf(/** @type {number} */ (time))));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => range !== null && this.#drawn > 0 && range.from < NEARLY_ALL && heard.older());
  }

  /** @param {Colours} colours */
  setColours(colours) {
    this.colours = colours;
    const line = { color: colours.line };
    const label = { color: colours.dim, labelBackgroundColor: colours["line-strong"] };
    this.chart.applyOptions({
      layout: { background: { type: this.library.ColorType.Solid, color: colours.surface }, textColor: colours.dim },
      grid: { vertLines: line, horzLines: line },
      crosshair: { vertLine: label, horzLine: label },
      rightPriceScale: { borderColor: colours.line },
      timeScale: { borderColor: colours.line },
    });
    const { bid, ask } = colours;
    this.candles.applyOptions({ upColor: bid, downColor: ask, wickUpColor: bid, wickDownColor: ask });
    this.#linesAre = this.#markersAre = "";
    if (this.#drawn) this.draw(this.#bars, 0, this.#interval);
  }

  /** @param {Clock} clock */
  setClock(clock) {
    const { TickMarkType } = this.library;
    const utc = clockOf("UTC");
    const say = (/** @type {Time} */ time, /** @type {number} */ kind) => {
      const seconds = /** @type {number} */ (time);
      const own = this.#interval === "1d" ? utc : clock;
      if (kind === TickMarkType.Year) return own.year(seconds);
      if (kind === TickMarkType.Month) return own.month(seconds);
      return kind === TickMarkType.DayOfMonth ? own.day(seconds) : own.time(seconds);
    };
    this.chart.applyOptions({
      timeScale: { tickMarkFormatter: say },
      localization: { timeFormatter: (/** @type {Time} */ time) => (this.#interval === "1d" ? utc.date : clock.whole)(/** @type {number} */ (time)) },
    });
  }

  /** @param {boolean} logarithmic */
  setScale(logarithmic) {
    const { PriceScaleMode } = this.library;
    this.candles.priceScale().applyOptions({ mode: logarithmic ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal });
  }

  /** Draw the bars, of which those from `place` on are others than before.
   * @param {Bar[]} bars @param {number} place @param {Interval} interval */
  draw(bars, place, interval) {
    const isAnother = interval !== this.#interval || this.#drawn === 0;
    this.#bars = bars;
    this.#interval = interval;
    if (isAnother || place < this.#drawn - 1) {
      this.candles.setData(bars.map(candle));
      this.volumes.setData(bars.map((bar) => this.#volume(bar)));
    } else {
      for (const bar of bars.slice(place)) {
        this.candles.update(candle(bar));
        this.volumes.update(this.#volume(bar));
      }
    }
    this.#drawn = bars.length;
    if (isAnother && bars.length) this.showLatest();
  }

  /** The latest bars, as at first. */
  showLatest() {
    const end = this.#bars.length;
    this.chart.timeScale().setVisibleLogicalRange({ from: Math.max(end - BARS_AT_FIRST, -4), to: end + 4 });
    this.candles.priceScale().applyOptions({ autoScale: true });
  }

  /** See more or fewer bars, about the right edge. @param {number} factor below 1: closer */
  zoom(factor) {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (range === null) return;
    const width = Math.min(Math.max((range.to - range.from) * factor, 8), 2000);
    this.chart.timeScale().setVisibleLogicalRange({ from: range.to - width, to: range.to });
  }

  /** Put the crosshair on a bar, and see to it that it is in view. @param {number} place */
  point(place) {
    const bar = this.#bars[place];
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (bar === undefined || range === null) return;
    const off = place < range.from + 1 ? place - range.from - 1 : place > range.to - 1 ? place - range.to + 1 : 0;
    if (off) scale.setVisibleLogicalRange({ from: range.from + off, to: range.to + off });
    this.chart.setCrosshairPosition(Number(bar.close), /** @type {UTCTimestamp} */ (bar.time), this.candles);
  }

  leave() {
    this.chart.clearCrosshairPosition();
  }

  /** The account's own: a line at each price with orders, a mark at each bar with fills.
   * @param {Order[]} orders  open ones of this market @param {Fill[]} fills  of this market @param {number} seconds  of a bar
   * @returns how many of each there are */
  drawOwn(orders, fills, seconds) {
    const { colours } = this;
    if (colours === undefined) return { lines: 0, marks: 0 };
    const lines = linesOf(orders);
    if (changed(this.#linesAre, lines)) {
      this.#linesAre = JSON.stringify(lines);
      for (const line of this.#lines.splice(0)) this.candles.removePriceLine(line);
      const style = { lineWidth: /** @type {const} */ (1), lineStyle: this.library.LineStyle.Dashed, axisLabelVisible: true };
      for (const { price, side, title } of lines) {
        this.#lines.push(this.candles.createPriceLine({ ...style, price, title, color: side === "buy" ? colours.bid : colours.ask }));
      }
    }
    const marks = marksOf(fills, seconds, this.#bars[0]?.time ?? Infinity);
    if (changed(this.#markersAre, marks)) {
      this.#markersAre = JSON.stringify(marks);
      this.markers.setMarkers(marks.map(({ time, side }) => markerOf(time, side, colours)));
    }
    return { lines: lines.length, marks: marks.length };
  }

  /** @param {Bar} bar @returns {HistogramData} */
  #volume(bar) {
    const rises = Number(bar.close) >= Number(bar.open);
    const color = this.colours && faded(this.colours[rises ? "bid" : "ask"], VOLUME_SHARE);
    return { time: /** @type {UTCTimestamp} */ (bar.time), value: Number(bar.volume), color };
  }

  /** @param {number} time */
  #placeOf(time) {
    let [low, high] = [0, this.#bars.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bars[middle].time < time) low = middle + 1;
      else high = middle;
    }
    return this.#bars[low]?.time === time ? low : null;
  }
}

/** @param {Bar} bar @returns {CandlestickData} */
function candle({ time, open, high, low, close }) {
  return { time: /** @type {UTCTimestamp} */ (time), open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
}

/** @param {string} before @param {unknown} now */
const changed = (before, now) => before !== JSON.stringify(now);

/** @param {Order[]} orders */
function linesOf(orders) {
  /** @type {Map<string, { price: number, side: string, title: string, count: number }>} */
  const lines = new Map();
  for (const { side, price, stop_price: stop, status } of orders) {
    const waits = status === "untriggered";
    const at = waits ? stop : price;
    if (at === null) continue;
    const key = `${side}:${at}:${waits}`;
    const count = (lines.get(key)?.count ?? 0) + 1;
    const words = `${side}${waits ? " stop" : ""}`;
    lines.set(key, { price: Number(at), side, count, title: count > 1 ? `${words} ×${count}` : words });
  }
  return [...lines.values()].slice(0, MAX_LINES);
}

/** One mark a bar and side, oldest first. @param {Fill[]} fills @param {number} seconds @param {number} since */
function marksOf(fills, seconds, since) {
  const marks = new Map();
  for (const { timestamp, side } of fills) {
    const time = Math.floor(Date.parse(timestamp) / 1000 / seconds) * seconds;
    if (time >= since) marks.set(`${time} ${side}`, { time, side });
  }
  return [...marks.values()].sort((a, b) => a.time - b.time);
}

/** @param {number} time @param {string} side @param {Colours} colours @returns {SeriesMarker<Time>} */
function markerOf(time, side, colours) {
  const at = { time: /** @type {UTCTimestamp} */ (time), size: 0.8 };
  return side === "buy"
    ? { ...at, position: "belowBar", shape: "arrowUp", color: colours.accent }
    : { ...at, position: "aboveBar", shape: "arrowDown", color: colours.warn };
}
