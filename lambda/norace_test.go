//go:build !race

package lambda_test

const withRaceDetector = false
