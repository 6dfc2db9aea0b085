//go:build !unix

package product

import (
	"context"
	"errors"
)

// Reload needs a Unix system: elsewhere a listener can't be handed on.
func (p *Product) Reload(context.Context, ReloadOptions) (status int, err error) {
	return 1, errors.New("reloading needs a Unix system")
}
