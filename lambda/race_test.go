//go:build race

package lambda_test

// withRaceDetector: the race detector has seen the door with one kind of gateway; all of
// them take ten times as long with it.
const withRaceDetector = true
