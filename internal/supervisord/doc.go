// Package supervisord asks supervisord by its XML-RPC interface, as supervisorctl does.
// supervisorctl is a Python program that takes a third of a second to start.
package supervisord
