package program

import "time"

// Hurry shortens the time that a successor has to be ready.
func (p *Product) Hurry(d time.Duration) { p.successorPatience = d }
