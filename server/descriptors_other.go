//go:build !unix

package server

import "math"

func maxDescriptors() int { return math.MaxInt32 }
