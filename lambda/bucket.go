package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/safely"
)

// File is a file of an S3 bucket that was made or removed.
type File struct {
	Bucket  string
	Name    string // the key, without its escapes
	Owner   string // of the bucket: the principal's id
	Region  string // "eu-central-1"
	Size    int64  // in bytes; 0: it was removed
	Removed bool

	Event   string    // "ObjectCreated:Put"
	Time    time.Time // of the event
	ETag    string    // without quotes
	Version string    // "": the bucket keeps none
}

// change is an event as S3 sends it.
type change struct {
	Name   string    `json:"eventName"`
	Time   time.Time `json:"eventTime"`
	Region string    `json:"awsRegion"`
	S3     struct {
		Bucket struct {
			Name  string `json:"name"`
			Owner struct {
				PrincipalID string `json:"principalId"`
			} `json:"ownerIdentity"`
		} `json:"bucket"`
		Object struct {
			Key     string `json:"key"`
			Size    int64  `json:"size"`
			ETag    string `json:"eTag"`
			Version string `json:"versionId"`
		} `json:"object"`
	} `json:"s3"`
}

func (c change) file() File {
	object := c.S3.Object
	f := File{Bucket: c.S3.Bucket.Name, Name: object.Key, Owner: c.S3.Bucket.Owner.PrincipalID, Region: c.Region, Size: object.Size,
		Event: strings.TrimPrefix(c.Name, "s3:"), Time: c.Time, ETag: strings.Trim(object.ETag, `"`), Version: object.Version}
	if name, err := url.QueryUnescape(object.Key); err == nil { // S3 escapes keys as forms do; what is none is taken as it is
		f.Name = name
	}
	f.Removed = strings.HasPrefix(f.Event, "ObjectRemoved") || strings.HasPrefix(f.Event, "LifecycleExpiration")
	return f
}

var errNoBucket = errors.New("want an object with s3.bucket.name and s3.object.key")

// files gives each file to the product. All are given, also where one fails; the error
// has those that did, and S3 sends the whole event again.
func (h *Handler) files(ctx context.Context, records []json.RawMessage) error {
	var errs []error
	for i, raw := range records {
		var c change
		if err := json.Unmarshal(raw, &c); err != nil || c.S3.Bucket.Name == "" {
			errs = append(errs, fmt.Errorf("lambda: record %d of the event of S3 is no change of a file: %w", i, errors.Join(err, errNoBucket)))
			continue
		}
		file := c.file()
		if err := safely.Run(func() error { return h.File(ctx, file) }); err != nil {
			apiphant.Log(ctx).Error("File "+file.Name+" failed: "+safely.WithStack(err).Error(), "bucket", file.Bucket)
			errs = append(errs, fmt.Errorf("file %q of %s: %w", file.Name, file.Bucket, err))
		}
	}
	return errors.Join(errs...)
}
