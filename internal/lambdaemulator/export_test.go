package lambdaemulator

import "time"

// SetPatience sets how long the gateway waits.
func (h *Handler) SetPatience(d time.Duration) { h.patience = d }
