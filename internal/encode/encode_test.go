package encode_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"reflect"
	"testing"

	"github.com/apiphant/apiphant/internal/encode"
	"github.com/apiphant/apiphant/internal/jsongen"
)

var (
	types = flag.Int("types", 3000, "how many Go types are tried against encoding/json")
	seed  = flag.Uint64("seed", 1, "the first seed that they are made of")
)

// TestDifferential encodes random values of random types: byte for byte what
// encoding/json writes, and an error where it has one.
func TestDifferential(t *testing.T) {
	encoded, refused, trusted := 0, 0, 0
	for i := range uint64(*types) {
		g := jsongen.New(*seed+i, false)
		typ := g.Type()
		for range 4 {
			v := g.Value(typ)
			ok, wrong := compare(v)
			if wrong != "" {
				t.Fatalf("seed %d: %s", *seed+i, wrong)
			}
			if encode.Trusted(v.Interface()) {
				trusted++
			}
			if ok {
				encoded++
			} else {
				refused++
			}
		}
	}
	t.Logf("%d types; %d values were encoded alike, %d refused by both; %d of all were left to go-json", *types, encoded, refused, trusted)
	if values := encoded + refused; encoded < values/2 || refused == 0 || trusted < values/2 {
		t.Error("want most to be encoded, some to be refused, and most to be left to go-json")
	}
}

// compare encodes a value both ways, as it is and by its address.
func compare(v reflect.Value) (encoded bool, wrong string) {
	for _, value := range []any{v.Interface(), v.Addr().Interface()} {
		got, gotErr := by(func(b *bytes.Buffer) error { return encode.NewEncoder(b).Encode(value) })
		want, wantErr := by(func(b *bytes.Buffer) error {
			e := json.NewEncoder(b)
			e.SetEscapeHTML(false)
			return e.Encode(value)
		})
		if got != want || (gotErr == nil) != (wantErr == nil) {
			return false, fmt.Sprintf("%T\n got %q %v\nwant %q %v", value, got, gotErr, want, wantErr)
		}
		encoded = gotErr == nil
	}
	return encoded, ""
}

func by(f func(b *bytes.Buffer) error) (text string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	var b bytes.Buffer
	err = f(&b)
	return b.String(), err
}
