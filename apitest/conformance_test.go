package apitest_test

import (
	"net/http"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
	"github.com/apiphant/apiphant/doortest"
)

func TestLocalConforms(t *testing.T) {
	doortest.Suite{
		Transport: func(t *testing.T, api *apiphant.API) http.RoundTripper {
			return apitest.Local(t, api).HTTP().Transport // without the client's own ideas about paths
		},
		Addresses:  true,
		Methods:    true,
		Targets:    true,
		ClientGone: true,
	}.Run(t)
}
