"""The exchange: matching core, engines, gateways, hubs, and what Django shows of them."""
