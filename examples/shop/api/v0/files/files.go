// Package files takes uploads of any size: raw requests, which stream.
package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/apiphant/apiphant"
)

func Create(ctx context.Context, r *http.Request) (apiphant.Object, error) {
	hash := sha256.New()
	size, err := io.Copy(hash, r.Body)
	if err != nil {
		return nil, err
	}
	return apiphant.Object{"size": size, "sha256": hex.EncodeToString(hash.Sum(nil))}, nil
}
