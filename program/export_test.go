package program

import (
	"io"
	"time"

	"github.com/apiphant/apiphant/server"
)

// Logs is the whole log of a program that runs.
type Logs = logs

// OpenLog opens it.
func OpenLog(form, file string, stderr io.Writer) (*Logs, error) { return openLog(form, file, stderr) }

// AccessLog returns what writes the lines of requests.
func (l *logs) AccessLog() func(*server.Access) {
	return (&accessLog{json: l.form == LogJSON, output: l.output}).write
}

// Lost is how many lines could not be written, and Flooded how many came too often.
func (l *logs) Lost() uint64    { return l.output.lost.Load() }
func (l *logs) Flooded() uint64 { return l.flood.lost.Load() }

// Hurry shortens the time that a successor has to be ready.
func (p *Product) Hurry(d time.Duration) { p.successorPatience = d }
