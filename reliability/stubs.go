package main

var deaf, restarts scenario
