/* The shapes of what the exchange says and is asked, as the pages' scripts use them; docs/api.md is what they mean.
 *
 * Rules: types alone, which no browser ever asks for. What a script gives to another in the page has its shape
 * next to its own code; here is the wire, and what the page came with.
 * A script takes one in by a comment that begins with two stars: `@import { Order } from "./types.js"`.
 */

/** A plain decimal, exactly: "64000.5". Never made a number but to draw with. */
export type Decimal = string;
/** ISO 8601, UTC, microseconds: "2026-11-22T07:00:00.000000Z". */
export type Timestamp = string;
/** A moment in milliseconds, of a clock that the context names. */
export type Milliseconds = number;

export type Side = "buy" | "sell";
export type OrderType = "limit" | "market" | "stop" | "stop_limit" | "take_profit" | "take_profit_limit";
export type TimeInForce = "gtc" | "ioc" | "fok" | "gtd";
export type OrderStatus = "open" | "partially_filled" | "filled" | "canceled" | "rejected" | "expired" | "untriggered";
export type MarketStatus = "open" | "halted" | "auction" | "closed";
export type GroupRole = "oco_limit" | "oco_stop" | "entry" | "take_profit" | "stop_loss";
export type Interval = "1m" | "5m" | "15m" | "1h" | "4h" | "1d";

/** A market's rules and status, as the page comes with them. */
export interface MarketRules {
  symbol: string;
  status: MarketStatus;
  base: string;
  quote: string;
  tick_size: Decimal;
  lot_size: Decimal;
  maker_fee_rate: Decimal;
  taker_fee_rate: Decimal;
  price_band: Decimal | null;
  base_decimals: number;
  quote_decimals: number;
}

/** GET markets/{symbol}. */
export interface MarketDetail {
  symbol: string;
  base: string;
  quote: string;
  status: MarketStatus;
  tick_size: Decimal;
  lot_size: Decimal;
  min_quantity: Decimal;
  max_quantity: Decimal;
  min_notional: Decimal;
  maker_fee_rate: Decimal;
  taker_fee_rate: Decimal;
  price_band: Decimal | null;
  reference_price: Decimal | null;
  volatility_auction_seconds: number;
  auction: Auction | null;
}

/** What the page carries as JSON. */
export interface PageData {
  symbol: string;
  markets: MarketRules[];
  has_account: boolean;
}

// Market data

/** [price, total quantity]; in an update a quantity of "0" removes the level. */
export type Level = [price: Decimal, quantity: Decimal];

export interface BookSnapshot {
  market: string;
  sequence: number;
  timestamp: Timestamp;
  bids: Level[];
  asks: Level[];
  checksum: number;
}

export interface BookUpdate extends BookSnapshot {
  prev_sequence: number;
}

export interface BookHeartbeat {
  market: string;
  sequence: number;
  checksum: number;
}

/** What comes over the channel `book`, if it is what it should be: local_book.js judges that. */
export type BookMessage =
  | { channel: "book"; type: "snapshot"; data: BookSnapshot }
  | { channel: "book"; type: "update"; data: BookUpdate }
  | { channel: "book"; type: "heartbeat"; data: BookHeartbeat };

export interface Trade {
  id: string;
  market: string;
  price: Decimal;
  quantity: Decimal;
  taker_side: Side;
  sequence: number;
  timestamp: Timestamp;
}

export interface Candle {
  start: Timestamp;
  open: Decimal;
  high: Decimal;
  low: Decimal;
  close: Decimal;
  volume: Decimal;
  quote_volume: Decimal;
  trade_count: number;
}

export interface Candles {
  market: string;
  interval: Interval;
  candles: Candle[];
}

export interface Ticker {
  market: string;
  last: Decimal | null;
  best_bid: Decimal | null;
  best_bid_quantity: Decimal | null;
  best_ask: Decimal | null;
  best_ask_quantity: Decimal | null;
  open: Decimal | null;
  high: Decimal | null;
  low: Decimal | null;
  volume: Decimal;
  quote_volume: Decimal;
  change: Decimal | null;
  timestamp: Timestamp;
}

export interface Auction {
  indicative_price: Decimal | null;
  indicative_volume: Decimal;
  surplus: Decimal;
  surplus_side: Side | null;
  ends_at: Timestamp | null;
}

/** What is known of a market's status; the wire's has its `market` and `sequence`, too. */
export interface StatusNews {
  status: MarketStatus;
  auction: Auction | null;
}

export type MarketDataMessage =
  | BookMessage
  | { channel: "trades"; type: "snapshot" | "update"; data: { market: string; sequence: number; trades: Trade[] } }
  | { channel: "ticker"; type: "snapshot" | "update"; data: Ticker }
  | { channel: "candles"; type: "snapshot" | "update"; data: Candles }
  | { channel: "status"; type: "snapshot" | "update"; data: StatusNews & { market: string; sequence: number } }
  | SystemMessage;

/** The web process stops. */
export interface SystemMessage {
  channel: "system";
  type: "status";
  data: { status: string };
}

// An account's own

export interface Order {
  id: string;
  client_order_id: string | null;
  market: string;
  side: Side;
  type: OrderType;
  time_in_force: TimeInForce;
  post_only: boolean;
  price: Decimal | null;
  stop_price: Decimal | null;
  quantity: Decimal;
  quote_quantity: Decimal | null;
  remaining_quantity: Decimal;
  filled_quantity: Decimal;
  canceled_quantity: Decimal;
  prevented_quantity: Decimal;
  average_price: Decimal | null;
  filled_notional: Decimal;
  fee: Decimal;
  fee_asset: string;
  status: OrderStatus;
  reason: string | null;
  display_quantity: Decimal | null;
  expires_at: Timestamp | null;
  max_slippage: Decimal | null;
  self_trade_prevention: string;
  cancel_on_disconnect: boolean;
  group_id: string | null;
  group_role: GroupRole | null;
  sequence: number;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** An OCO pair (the limit order, the stop) or a bracket (the entry, its exits) that was just placed. */
export interface OrderGroup {
  id: string;
  type: "oco" | "bracket";
  orders: Order[];
}

/** The answer to a submission. */
export type Placed = Order | OrderGroup;

export interface Fill {
  id: string;
  order_id: string;
  client_order_id: string | null;
  market: string;
  side: Side;
  price: Decimal;
  quantity: Decimal;
  fee: Decimal;
  fee_asset: string;
  fee_rate: Decimal | null;
  liquidity: "maker" | "taker";
  sequence: number;
  timestamp: Timestamp;
}

export interface Balance {
  asset: string;
  total: Decimal;
  held: Decimal;
  available: Decimal;
}

/** GET fees: what the account itself pays in a market. */
export interface MarketFees {
  market: string;
  maker_fee_rate: Decimal;
  taker_fee_rate: Decimal;
}

export interface FeeRates {
  maker: Decimal;
  taker: Decimal;
}

/** Row by channel. */
export interface PrivateRows {
  orders: Order;
  fills: Fill;
  balances: Balance;
}

export type PrivateChannel = keyof PrivateRows;

/** What is new of an account, once each. */
export type AccountEvent = {
  [Channel in PrivateChannel]: {
    channel: Channel;
    type: "snapshot" | "update";
    sequence: number;
    rows: PrivateRows[Channel][];
  };
}[PrivateChannel];

/** GET orders, GET fills: one page of them. */
export interface Page<Row> {
  results: Row[];
  next: string | null;
  previous: string | null;
}

// Answers

/** The exchange's "no", over a socket. */
export interface WireError {
  code: string;
  message?: string;
  errors?: Record<string, string[]>;
  order?: Order;
}

/** The same over HTTP. */
export interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: Record<string, string[]>;
}

// The order form

/** What is typed, ticked and chosen in the order form, by the names of its fields; numbers as typed. */
export interface OrderValues {
  side: Side;
  type: OrderType | "oco" | "bracket";
  /** The type of a bracket's entry. */
  entry: OrderType;
  /** What a market order is measured in. */
  by: "base" | "quote";
  price: string;
  stop_price: string;
  /** The limit of a pair's stop. */
  stop_limit: string;
  quantity: string;
  quote_quantity: string;
  /** As a percentage. */
  max_slippage: string;
  time_in_force: TimeInForce;
  /** In the reader's own time: "2026-11-22T07:00". */
  expires_at: string;
  post_only: boolean;
  display_quantity: string;
  self_trade_prevention: string;
  take_profit: string;
  loss_stop: string;
  loss_limit: string;
  /** How many milliseconds it may be on its way. */
  within: string;
}
