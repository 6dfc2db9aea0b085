//go:build race

package lambdahttp_test

// withRaceDetector: the suite of doors takes several times as long with it, and asks one
// request after the other.
const withRaceDetector = true
