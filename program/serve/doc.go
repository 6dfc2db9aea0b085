// Package serve is the door that serves a product's API by HTTP: the command
//
//	shop serve 127.0.0.1:8001
//
// It adds to package server what a program needs: settings, the log, the
// database of the product's jobs, the product's Start and Stop, signals, and a
// restart that loses no request.
package serve
