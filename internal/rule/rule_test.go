package rule_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/rule"
)

func TestFormat(t *testing.T) {
	for name, tc := range map[string]struct{ passes, fails []string }{
		"date": {
			[]string{"2026-11-21", "2024-02-29", "0000-01-01"},
			[]string{"", "2026-02-29", "2026-13-01", "2026-1-1", "2026-11-21Z", "20261121", "+026-11-21", "2026-11-2１"},
		},
		"date-time": {
			[]string{"2026-11-21T07:24:47Z", "2026-11-21t07:24:47z", "2026-11-21T07:24:47.123456789012+23:59",
				"2026-11-21T23:59:59-00:00", "2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00", "2016-12-31T22:59:60-01:00"},
			[]string{"", "2026-11-21", "2026-11-21T07:24:47", "2026-11-21 07:24:47Z", "2026-11-21T24:00:00Z", "2026-11-21T07:60:00Z",
				"2026-11-21T07:24:47,5Z", "2026-11-21T07:24:47.Z", "2026-11-21T07:24Z", "2026-11-21T7:24:47Z", "2026-11-21T07:24:47+24:00",
				"2026-11-21T07:24:47+01:60", "2026-11-21T07:24:47+0100", "2026-11-21T07:24:60Z", "2026-02-30T07:24:47Z", "2026-11-21T07:24:47Z "},
		},
		"email": {
			[]string{"a@b", "ann@example.com", "a.b+c@x-y.org", "!#$%&'*+-/=?^_`{|}~@example.com", strings.Repeat("a", 64) + "@b"},
			[]string{"", "a", "@b", "a@", "a@@b", "a b@c", ".a@b", "a.@b", "a..b@c", "Ann <a@b>", "<a@b>", `"a"@b`, "a@b.", "a@-b", "a@[1.2.3.4]",
				"a@b c", "é@b", "a@é", "a@b\n", "a,b@c", strings.Repeat("a", 65) + "@b", "a@" + strings.Repeat("b.", 130) + "c"},
		},
		"hostname": {
			[]string{"localhost", "example.com", "a-b.c1", "1a.b2", "EXAMPLE.com", strings.Repeat("a", 63) + ".b"},
			[]string{"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "é", "1.2.3.4", "123", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "b"},
		},
		"ipv4": {[]string{"192.0.2.1", "0.0.0.0"}, []string{"", "1.2.3", "1.2.3.256", "01.2.3.4", "::1", "1.2.3.4/8", " 1.2.3.4"}},
		"ipv6": {[]string{"::", "::1", "2001:db8::1", "::ffff:1.2.3.4"}, []string{"", "1.2.3.4", "fe80::1%eth0", "[::1]", ":::", "1:2:3"}},
		"uri": {
			[]string{"https://example.com/a?b=c#d", "mailto:a@b", "urn:isbn:1", "http://[::1]:80/", "http://u:p@h:1/%20", "x:", "file:///a"},
			[]string{"", "/a", "a/b", "example.com", "//example.com", "1a:b", ":a", "http://a b", "http://a/\x7f", "http://a/%2", "http://a/%zz",
				"http://a/é", "http://a/<b>", "http://a/{b}", "http://[::1", "http://[x]/", "http://a:b/", "http://a/#b#c", "http://a/[b]", `http://a\b`},
		},
		"uuid": {
			[]string{"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "00000000-0000-0000-0000-000000000000"},
			[]string{"", "f81d4fae7dec11d0a76500a0c91e6bf6", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
				"g81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf66"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			is, ok := rule.Format(name)
			if !ok {
				t.Fatal("unknown")
			}
			for _, s := range tc.passes {
				if !is(s) {
					t.Errorf("%q was refused", s)
				}
			}
			for _, s := range tc.fails {
				if is(s) {
					t.Errorf("%q was accepted", s)
				}
			}
		})
	}
	if _, ok := rule.Format("mail"); ok {
		t.Error("there is no format mail")
	}
	if got, want := rule.Formats(), "date, date-time, email, hostname, ipv4, ipv6, time, uri, uuid"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	for _, text := range []string{"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "1_0", " 1", "1 ", "NaN", "Inf", "--1", "1.e1", "1ee1"} {
		if d, ok := rule.ParseDecimal(text); ok {
			t.Errorf("%q was accepted as %v", text, d)
		}
	}
}

var numbers = []string{
	"0", "-0", "0.0", "0e9", "1", "-1", "1.0", "10e-1", "0.1", "0.10", "-0.1", "1e-1", "1.5", "2", "-2", "-1.5", "9", "10", "100e-1", "99", "0.01",
	"9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"18446744073709551615", "18446744073709551616", "-18446744073709551616", "1e20", "1e21", "1e400", "-1e400", "1e-400", "0.000001", "123456789.987654321",
}

func parse(t testing.TB, text string) rule.Decimal {
	d, ok := rule.ParseDecimal(text)
	if !ok {
		t.Fatalf("%q was refused", text)
	}
	return d
}

func rat(text string) *big.Rat {
	r, _ := new(big.Rat).SetString(text)
	return r
}

// Every pair of numbers is compared as math/big does.
func TestCompare(t *testing.T) {
	for _, a := range numbers {
		for _, b := range numbers {
			want := rat(a).Cmp(rat(b))
			if got := parse(t, a).Compare(parse(t, b)); got != want {
				t.Errorf("%s to %s: got %d, want %d", a, b, got, want)
			}
			if same := parse(t, a).String() == parse(t, b).String(); same != (want == 0) {
				t.Errorf("%s and %s have the same text: %t", a, b, same)
			}
		}
	}
	if parse(t, "1e99999999999999999999").Compare(parse(t, "1e400")) != 1 || parse(t, "1e-99999999999999999999").Compare(parse(t, "0")) != 1 {
		t.Error("an exponent beyond int64")
	}
}

// Every number is put to limits at every other one, as each kind of Go number that
// it can be, and compared with what math/big says.
func TestBounds(t *testing.T) {
	for _, limit := range numbers {
		for kind, upper := range map[string]bool{"minimum": false, "exclusiveMinimum": false, "maximum": true, "exclusiveMaximum": true} {
			exclusive := strings.HasPrefix(kind, "exclusive")
			var b rule.Bounds
			if upper {
				b.AddMax(parse(t, limit), exclusive)
			} else {
				b.AddMin(parse(t, limit), exclusive)
			}
			for _, text := range numbers {
				c := rat(text).Cmp(rat(limit))
				want := c == 0 && !exclusive || c < 0 && upper || c > 0 && !upper
				check := func(as string, got bool) {
					if got != want {
						t.Errorf("%s %s of %s as %s: got %t", kind, limit, text, as, got)
					}
				}
				check("decimal", b.Decimal(parse(t, text)))
				if v, err := strconv.ParseInt(text, 10, 64); err == nil {
					check("int", b.Int(v))
				}
				if v, err := strconv.ParseUint(text, 10, 64); err == nil {
					check("uint", b.Uint(v))
				}
				tiny := text == "1e-400" || limit == "1e-400" // 0 as a float
				if v, err := strconv.ParseFloat(text, 64); err == nil && len(text) < 10 && len(limit) < 10 && !tiny {
					check("float", b.Float(v, 64))
				}
			}
		}
	}
	var b rule.Bounds
	if b.Float(math.NaN(), 64) {
		t.Error("NaN was accepted")
	}
}

// What is left between two limits is held against math/big.
func TestBoundsLeave(t *testing.T) {
	for _, low := range numbers {
		for _, high := range numbers {
			for i := range 4 {
				above, below := i&1 == 1, i&2 == 2
				var b rule.Bounds
				b.AddMin(parse(t, low), above)
				b.AddMax(parse(t, high), below)
				name := fmt.Sprintf("from %s (exclusive: %t) to %s (exclusive: %t)", low, above, high, below)
				c := rat(low).Cmp(rat(high))
				if got, want := b.LeaveDecimal(), c < 0 || c == 0 && !above && !below; got != want {
					t.Errorf("%s: decimals: got %t", name, got)
				}
				first, last := integers(low, high, above, below)
				if got, want := b.LeaveInt(), leave(first, last, math.MinInt64, math.MaxInt64); got != want {
					t.Errorf("%s: int: got %t", name, got)
				}
				if got, want := b.LeaveUint(), leave(first, last, 0, math.MaxUint64); got != want {
					t.Errorf("%s: uint: got %t", name, got)
				}
			}
		}
	}
	var none rule.Bounds
	if !none.LeaveDecimal() || !none.LeaveInt() || !none.LeaveUint() {
		t.Error("no bounds leave nothing")
	}
}

// integers are the first and the last integer between two numbers.
func integers(low, high string, above, below bool) (first, last *big.Int) {
	floor := func(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }
	first, last = floor(rat(low)), floor(rat(high))
	if above || !rat(low).IsInt() {
		first.Add(first, big.NewInt(1))
	}
	if below && rat(high).IsInt() {
		last.Sub(last, big.NewInt(1))
	}
	return first, last
}

// leave reports whether there is an integer of a type from first to last.
func leave(first, last *big.Int, least int64, most uint64) bool {
	from, to := big.NewInt(least), new(big.Int).SetUint64(most)
	if first.Cmp(from) > 0 {
		from = first
	}
	if last.Cmp(to) < 0 {
		to = last
	}
	return from.Cmp(to) <= 0
}

func TestMultipleOf(t *testing.T) {
	for _, unit := range []string{"1", "2", "3", "7", "10", "0.1", "0.01", "0.5", "1.5", "2.5e3", "1e-6", "999999999999999999"} {
		var b rule.Bounds
		if err := b.AddMultipleOf(parse(t, unit)); err != nil {
			t.Fatal(err)
		}
		for _, text := range append(numbers, "3", "7", "14", "0.3", "0.7", "2500", "7500", "1999999999999999998") {
			want := new(big.Rat).Quo(rat(text), rat(unit)).IsInt()
			if got := b.Decimal(parse(t, text)); got != want {
				t.Errorf("%s as a multiple of %s: got %t", text, unit, got)
			}
			if v, err := strconv.ParseInt(text, 10, 64); err == nil && b.Int(v) != want {
				t.Errorf("int %s as a multiple of %s: not %t", text, unit, want)
			}
			if v, err := strconv.ParseUint(text, 10, 64); err == nil && b.Uint(v) != want {
				t.Errorf("uint %s as a multiple of %s: not %t", text, unit, want)
			}
		}
	}
	for _, unit := range []string{"0", "-1", "0.1234567890123456789"} {
		if err := new(rule.Bounds).AddMultipleOf(parse(t, unit)); err == nil {
			t.Errorf("%s was accepted", unit)
		}
	}
}

// FuzzDecimal holds Compare and ParseDecimal against math/big.
func FuzzDecimal(f *testing.F) {
	for i := range numbers {
		f.Add(numbers[i], numbers[len(numbers)-1-i])
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		a, ok := rule.ParseDecimal(x)
		b, ok2 := rule.ParseDecimal(y)
		if !ok || !ok2 || strings.Count(x, "")+strings.Count(y, "") > 60 || far(x) || far(y) {
			return
		}
		if got, want := a.Compare(b), rat(x).Cmp(rat(y)); got != want {
			t.Errorf("%s to %s: got %d, want %d", x, y, got, want)
		}
	})
}

// far reports whether a number's exponent is too large for math/big.
func far(text string) bool {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return false
	}
	exp, err := strconv.Atoi(text[i+1:])
	return err != nil || exp > 1000 || exp < -1000
}

// A limit is the same float as the text of it: the float itself is allowed by a
// limit, and not by an exclusive one.
func TestBoundsRoundAsParseFloat(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		text := fmt.Sprintf("%d.%de%d", r.Int64N(1e9)-5e8, r.Int64N(1e9), r.IntN(60)-30)
		for bits := 32; bits <= 64; bits += 32 {
			v, err := strconv.ParseFloat(text, 64)
			if bits == 32 {
				v, err = float64(float32(v)), nil
			}
			var with, without rule.Bounds
			with.AddMin(parse(t, text), false)
			with.AddMax(parse(t, text), false)
			without.AddMin(parse(t, text), true)
			if err != nil || !with.Float(v, bits) || without.Float(v, bits) {
				t.Fatalf("seed %d: %s as a float of %d bits: got %t with and %t without the limit", seed, text, bits, with.Float(v, bits), without.Float(v, bits))
			}
		}
	}
}
