//go:build !unix

package program

import (
	"context"
	"net"

	"go.uber.org/zap"
)

// succession is known on Unix only: there is no SIGHUP here.
type succession struct{}

func (p Product) succession() *succession { return nil }

func (*succession) await(context.Context, net.Listener, *zap.Logger, context.CancelCauseFunc) (wait func()) {
	return func() {}
}
