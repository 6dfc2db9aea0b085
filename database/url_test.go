package database_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/database"
	"github.com/apiphant/apiphant/database/postgres"
	"github.com/apiphant/apiphant/database/sqlite"
)

// secret is in every password below, twice: on both sides of a character at
// which some library may cut.
const secret = "S3CR3T"

// TestOpenPrintsNoSecret opens URLs that are wrong, or right and of a server that
// is not there, and looks for the password in what is printed.
func TestOpenPrintsNoSecret(t *testing.T) {
	urls := []string{
		"host=127.0.0.1 password=" + secret,
		"host=127.0.0.1 password=" + secret + " options=a://b",
		secret + "://127.0.0.1/shop",
		"postgres://user:1/" + secret + "@127.0.0.1/shop",
		"postgres://user:1?" + secret + "@127.0.0.1/shop",
		"postgres://user:1#" + secret + "@127.0.0.1/shop",
		"mysql://user:1/" + secret + "@127.0.0.1/shop",
		"://" + secret,
		"postgres:app:" + secret + "@://127.0.0.1/shop",
		"postgres://app:" + secret + "@[::1/shop",
		"postgres://app:" + secret + "@127.0.0.1:1:1/shop",
		"postgres://app:" + secret + "@127.0.0.1:port/shop",
		"postgres://app@127.0.0.1:1/shop?password=" + secret + "&sslmode=bogus",
		"postgres://app@127.0.0.1:1/shop?sslmode=" + secret,
		"postgres://app@127.0.0.1:1/shop?sslpassword=" + secret,
		"postgres://app@127.0.0.1:1/shop?pool_max_conns=" + secret,
	}
	for _, scheme := range []string{"postgres", "postgresql", "sqlite", "mysql"} {
		for _, cut := range append(strings.Split(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t\n\x00", ""), "", "%40", "%zz", "%2F", "@@", "//", "é", "\xff") {
			password := secret + cut + secret
			urls = append(urls, scheme+"://app:"+password+"@127.0.0.1:1/shop", scheme+"://127.0.0.1:1/shop?password="+password)
		}
	}
	for _, text := range urls {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		db, err := database.Open(ctx, text, postgres.Driver(), sqlite.Driver())
		cancel()
		if err == nil {
			db.Close()
			t.Errorf("%q was opened", text)
			continue
		}
		for err := range all(err) {
			if printed := fmt.Sprintf("%v %+v %#v", err, err, err.Error()); strings.Contains(printed, secret) {
				t.Errorf("%q: the error prints the password: %s", text, printed)
			}
		}
	}
	t.Logf("%d URLs", len(urls))
}

// leaky is a driver whose errors print all that it was given.
type leaky struct{}

func (leaky) Schemes() []string { return []string{"leaky"} }

func (leaky) Open(_ context.Context, text string) (database.DB, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	password, _ := parsed.User.Password()
	return nil, fmt.Errorf("can't open %s as %s (%w) with %s", text, password, errLeaky, parsed.Query())
}

var errLeaky = errors.New("no luck")

// TestErrorsOfDrivers tests that passwords are taken out of the errors of drivers,
// as they are written in the URL and as they are meant.
func TestErrorsOfDrivers(t *testing.T) {
	_, err := database.Open(t.Context(), "leaky://app:S3CR3T%40x@h/d?password=S3CR3Ty+z&sslpassword=S3CR3T%2f", leaky{})
	if err == nil || !strings.Contains(err.Error(), "no luck") || !errors.Is(err, errLeaky) {
		t.Fatalf("got %v, want the driver's error", err)
	}
	for err := range all(err) {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error prints a password: %v", err)
		}
	}
}

// all are an error and all that it wraps.
func all(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) {
		for ; err != nil; err = errors.Unwrap(err) {
			if !yield(err) {
				return
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	for text, want := range map[string]string{
		"nonsense":                                   "the URL has no scheme: want sqlite:///path or postgres://…",
		"postgres://app:p@ssw0rd@db.internal/a":      "postgres://…: the URL has more than one @: in a user and a password, write @ as %40",
		"postgres://app:a/b@127.0.0.1:1/a":           "postgres://…: the URL has an @ after its host: in a user, a password and what follows the host, write / ? # @ as %2F %3F %23 %40",
		"postgres://app:abc@[::1/b":                  "postgres://…: the URL can't be parsed: want postgres://USER:PASSWORD@HOST:PORT/DATABASE",
		"postgres://app:abc@127.0.0.1:1/b":           "postgres://app:xxxxx@127.0.0.1:1/b: failed to connect to",
		"postgres://app@127.0.0.1:1/b?sslmode=bogus": "postgres://app@127.0.0.1:1/b: the URL can't be parsed",
		"postgres://127.0.0.1:1/b?pool_max_conns=0":  "pool_max_conns of 1 or more",
		"mysql://app:secret@127.0.0.1/a":             "mysql://app:xxxxx@127.0.0.1/a: there is no driver for mysql",
		"sqlite://":                                  "want sqlite:///absolute/path",
		"sqlite:///tmp/x.db?cache=shared":            "without ? and #",
		"sqlite:///there/is/no/such/x.db":            "sqlite:///there/is/no/such/x.db: there is no folder for the file",
	} {
		_, err := database.Open(t.Context(), text, postgres.Driver(), sqlite.Driver())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	var none *database.NoDriverError
	if _, err := database.Open(t.Context(), "postgres://h/db", sqlite.Driver()); !errors.As(err, &none) || none.Scheme != "postgres" {
		t.Errorf("without its driver: got %v", err)
	}
	if _, err := database.Open(t.Context(), "nonsense"); !errors.Is(err, database.ErrURL) {
		t.Errorf("got %v, want %v", err, database.ErrURL)
	}
}

func TestOf(t *testing.T) {
	if _, err := database.Of(t.Context()); !errors.Is(err, database.ErrNone) {
		t.Errorf("got %v, want %v", err, database.ErrNone)
	}
	db, err := sqlite.Open(t.Context(), "sqlite://"+t.TempDir()+"/x.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := database.With(t.Context(), db)
	if of, err := sqlite.Of(ctx); of != db || err != nil {
		t.Errorf("got %v, %v, want the database", of, err)
	}
	if _, err := postgres.Of(ctx); err == nil || !strings.Contains(err.Error(), "is not PostgreSQL") {
		t.Errorf("got %v, want that it is not PostgreSQL", err)
	}
}
