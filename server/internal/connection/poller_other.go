//go:build !linux

package connection

// poller exists on Linux only.
type poller struct{}

func newPoller(*Conn) *poller { return nil }

func (*poller) receive(func() Verdict) (Verdict, error) { panic("there is no poller") }
