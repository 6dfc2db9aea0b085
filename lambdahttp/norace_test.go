//go:build !race

package lambdahttp_test

const withRaceDetector = false
