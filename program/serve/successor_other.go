//go:build !unix

package serve

import (
	"context"
	"log/slog"
	"net"
)

// succession is known on Unix only: there is no SIGHUP here.
type succession struct{}

func (d Door) succession() *succession { return nil }

func (*succession) await(context.Context, net.Listener, *slog.Logger, context.CancelCauseFunc) (wait func()) {
	return func() {}
}
