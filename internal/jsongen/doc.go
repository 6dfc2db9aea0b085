// Package jsongen makes Go types, values of them, and JSON documents for them, at
// random: what the tests are fed that compare with encoding/json. The same source
// of random numbers makes the same things.
package jsongen
