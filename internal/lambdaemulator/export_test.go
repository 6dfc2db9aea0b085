package lambdaemulator

import "time"

// SetGatewayTimeout sets how long the gateway waits.
func (h *Handler) SetGatewayTimeout(d time.Duration) { h.gatewayTimeout = d }
