//go:build !unix

package product

import (
	"context"
	"errors"
	"time"
)

// Reload needs a Unix system: elsewhere a listener can't be handed on.
func (p *Product) Reload(context.Context, ReloadOptions) (status int, err error) {
	return 1, errors.New("reloading needs a Unix system")
}

// Watch needs a Unix system, too.
func (p *Product) Watch(context.Context, time.Duration) (<-chan struct{}, error) {
	return nil, errors.New("reloading needs a Unix system")
}
