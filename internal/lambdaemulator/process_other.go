//go:build !unix

package lambdaemulator

import (
	"errors"
	"time"
)

// process stands for one, where processes can't be stopped and go on.
type process struct {
	output  *output
	started time.Time
	exited  chan struct{}
}

type output struct{ journal }

var errSystem = errors.New("functions of Lambda can be run on Linux and macOS")

func startProcess(string, []string, *lineLog) (*process, error) { return nil, errSystem }

func (p *process) freeze()        {}
func (p *process) thaw()          {}
func (p *process) alive() bool    { return false }
func (p *process) kill()          {}
func (p *process) terminate()     {}
func (p *process) peak() int64    { return 0 }
func (p *process) ending() string { return "" }
func (o *output) drain()          {}
func (o *output) close()          {}
