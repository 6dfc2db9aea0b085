// Package shop_test asks the shop as its callers do.
package shop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/apitest"
)

func TestShop(t *testing.T) {
	shop := apitest.Start(t, ".")
	shop.Test("orders", "create", nil, 401, apiphant.Object{"error": "401 Unauthorized"})

	shop.Header = http.Header{"Authorization": {"Bearer ann-s-token"}}
	shop.Test("orders", "create", `{"email": "ann@example.com", "lines": [{"code": "ABC-1"}, {"code": "ABC-2", "count": 2}]}`,
		200, apiphant.Object{"pieces": 3, "user": "ann"})
	shop.Test("orders", "create", `{"email": "ann@example.com", "lines": [{"code": "ABC-1"}, {"count": 0}]}`,
		400, `{"error": {"field": "lines[1].code", "state": "missing"}, "errors": [
			{"field": "lines[1].code", "state": "missing"}, {"field": "lines[1].count", "state": "invalid", "explain": {"minimum": 1}}]}`)
	shop.Test("items", "read", apiphant.Object{"id": 2}, 200, apiphant.Object{"id": 2, "name": "right shoe"})
	shop.Test("items", "read", apiphant.Object{"id": 9}, 400, `{"error": {"field": "id", "state": "invalid", "explain": 9}}`)
	shop.TestAddress("GET", "/items/2", nil, 200, apiphant.Object{"id": 2, "name": "right shoe"})
	shop.TestAddress("POST", "/orders", `{"email": "ann@example.com", "lines": [{"code": "ABC-1"}]}`, 201, apiphant.Object{"pieces": 1, "user": "ann"})
	shop.TestAddress("DELETE", "/items/2", nil, 405, apiphant.Object{"error": "405 Method Not Allowed"})
	var codes []string
	for row, err := range shop.Rows("stock", "read", apiphant.Object{"atLeast": 1}) {
		var item struct{ Code string }
		if err != nil || row.Decode(&item) != nil {
			t.Fatalf("%s, error: %v", row.JSON, err)
		}
		codes = append(codes, item.Code)
	}
	if got := strings.Join(codes, " "); got != "ABC-1 XYZ-9" {
		t.Errorf("in stock: %s", got)
	}
	shop.Test("files", "create", `"`+strings.Repeat("x", 3<<20)+`"`, 200, nil)
}
