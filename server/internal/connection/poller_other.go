//go:build !linux

package connection

// poller is implemented on Linux only. Here newPoller returns nil, and Receive reads from
// the transport instead.
type poller struct{}

func newPoller(*Conn) *poller { return nil }

func (*poller) receive(func() Verdict) (Verdict, error) { panic("there is no poller") }
