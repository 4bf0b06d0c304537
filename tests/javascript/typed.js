/* What is typed into the order form, for tests: nothing, but for some fields. */

export const EMPTY = Object.freeze({
  side: "buy",
  type: "limit",
  entry: "limit",
  by: "base",
  price: "",
  stop_price: "",
  stop_limit: "",
  quantity: "",
  quote_quantity: "",
  max_slippage: "",
  time_in_force: "gtc",
  expires_at: "",
  post_only: false,
  display_quantity: "",
  self_trade_prevention: "cancel_newest",
  take_profit: "",
  loss_stop: "",
  loss_limit: "",
  within: "",
});

export const typed = (fields = {}) => ({ ...EMPTY, ...fields });
