"""What are columns called elsewhere? Only to propose lines of a mapping."""

import json
import unicodedata
from collections.abc import Sequence
from functools import cache

from kamlab.sources.keys import fold
from kamlab.sources.schema import TABLES

_USUAL = {
    "account_id": (
        "customerid customerno customernumber customercode custno accountid accountno clientid "
        "customerkey soldto soldtoparty customer client buyer account email customeremail kunde "
        "kundennr kundennummer debitor debitornr debitornummer auftraggeber codeclient numclient "
        "noclient nclient numeroclient klantnummer klantnr klantcode klant debiteurnummer "
        "debiteurnr debiteur "
        "codigocliente codigodocliente codigodecliente codcliente codicecliente cliente "
        "kodklienta nrklienta numerklienta klient kontrahent nabywca "
        "kunnr householdkey household reseller resellerkey dealer dealercode memberid userid "
        "客户编号 客户编码 客户代码 客户号 客户 客户名称 "
        "customername clientname buyername kundenname companyname klantnaam nomecliente"
    ),
    "order_id": (
        "orderid orderno ordernumber salesorder salesordernumber salesorderid invoiceno "
        "invoicenumber invoiceid invoice documentno docno order auftrag auftragsnr auftragsnummer "
        "beleg belegnr belegnummer verkaufsbeleg faktura fakturanr rechnung rechnungsnr "
        "rechnungsnummer commande nocommande ncommande numcommande "
        "numerodecommande facture nofacture nfacture numfacture numerodefacture ordernummer "
        "ordernr bestelnummer bestelling factuurnummer factuurnr factuur numeropedido numpedido "
        "numerodopedido numerodepedido npedido pedido notafiscal numeronotafiscal nfe fatura "
        "numerofactura numerodefactura nfactura factura numeroordine nordine ordine numerofattura "
        "nfattura fattura documento nodocumento nrzamowienia numerzamowienia zamowienie nrfaktury "
        "numerfaktury "
        "vbeln basketid basket receiptid receiptno receipt ticketno transactionid transactionno "
        "billno billnumber voucherno saleid salesid bonnummer bonnr kassenbon "
        "订单号 订单编号 单号 单据号 单据编号 发票号"
    ),
    "order_date": (
        "orderdate invoicedate createdat orderpurchasetimestamp purchasedate transactiondate "
        "postingdate documentdate saledate day date bestelldatum auftragsdatum fakturadatum "
        "belegdatum rechnungsdatum datum datecommande datefacture orderdatum besteldatum "
        "factuurdatum datapedido datadopedido dataemissao datadeemissao emissao datavenda "
        "datadavenda datafatura fechapedido fechadepedido fechafactura fecha dataordine "
        "datafattura datazamowienia datafaktury datawystawienia datasprzedazy data "
        "erdat audat fkdat billdate billingdate orderedat orderedon placedat createdon soldat "
        "订单日期 下单日期 销售日期 单据日期 开票日期 日期"
    ),
    "net_sales": (
        "netsales netamount netvalue netrevenue salesamount salesvalue revenue sales linetotal "
        "lineamount subtotal amount nettowert nettoumsatz nettobetrag umsatz betrag montantht "
        "montant caht nettoomzet nettobedrag omzet bedrag valorliquido receitaliquida "
        "vendaliquida valor importeneto ventasnetas importe importonetto imponibile importo "
        "wartoscnetto kwotanetto sprzedaznetto netwr extendedprice extendedamount linevalue "
        "totalsales turnover 销售额 销售金额 未税金额 金额 "
        "销售额元 销售金额元 未税金额元 金额元"
    ),
    "quantity": (
        "quantity qty orderquantity orderqty units menge anzahl quantite qte aantal hoeveelheid "
        "quantidade qtd qtde cantidad quantita ilosc kwmeng fkimg qtysold unitssold "
        "quantityordered qtyordered 数量"
    ),
    "product_id": (
        "productid productno sku stockcode itemno itemid productkey article articleno "
        "material materialnr artikel artikelnr artikelnummer artikelcode refproduit reference "
        "codearticle codigoproduto codigodoproduto codproduto produto codigoproducto "
        "codigodeproducto producto articulo codicearticolo articolo codiceprodotto prodotto "
        "kodtowaru kodproduktu towar produkt matnr productcode itemcode itemnumber partno "
        "partnumber 商品编号 产品编号 物料编码 物料号 product productname itemname"
    ),
    "category": (
        "category productcategory productgroup productline productclass subcategory warengruppe "
        "sparte produktgruppe categorie famille gamme artikelgroep productgroep categoria familia "
        "famiglia grupodeproduto kategoria grupatowarowa 类别 品类 产品类别"
    ),
    "cost_of_goods": (
        "costofgoodssold cogs totalcost totalproductcost costamount wareneinsatz herstellkosten "
        "einstand einstandswert coutdesventes coutdachat prixderevient inkoopwaarde "
        "kostprijstotaal custototal custodasvendas cmv costetotal costedeventas costodelvenduto "
        "kosztwlasny 销售成本 成本金额 成本 成本元"
    ),
    "invoice_id": (
        "invoice invoiceno invoicenumber documentno docno beleg belegnr rechnung rechnungsnr "
        "facture nofacture factuur factuurnummer notafiscal fatura factura numerofactura fattura "
        "nrfaktury 发票号 单据号"
    ),
    "invoice_date": (
        "invoicedate invoiced documentdate postingdate issued rechnungsdatum belegdatum "
        "datefacture factuurdatum dataemissao emissao fechafactura datafattura datafaktury "
        "开票日期 发票日期"
    ),
    "due_date": (
        "duedate due faelligkeit fälligkeit fälligam faelligam fälligkeitsdatum echeance "
        "dateecheance vervaldatum vencimento datadevencimento vencimiento fechavencimiento "
        "scadenza datascadenza terminplatnosci terminpłatności 到期日 到期日期"
    ),
    "paid_date": (
        "paiddate datepaid paid paymentdate zahlungsdatum bezahltam datepaiement betaaldatum "
        "pagamento datadepagamento fechapago datapagamento datazaplaty 付款日期 收款日期"
    ),
    "amount": (
        "amount total invoiceamount betrag rechnungsbetrag montant bedrag factuurbedrag valor "
        "importe importo kwota 金额 金额元 发票金额"
    ),
    "currency": (
        "currencycode curr waehrung wahrung währung währg wahrg devise valuta moneda moeda divisa "
        "waluta 币种 货币"
    ),
}
DESCRIBING = {
    "name": (
        "name name1 customer customername company companyname account accountname client "
        "clientname buyer buyername kunde kundenname firma raisonsociale klantnaam bedrijfsnaam "
        "naam razaosocial nomefantasia nomedocliente razonsocial nombre ragionesociale "
        "nomecliente nome nazwaklienta nazwa 客户名称 客户 公司 公司名称"
    ),
    "industry": ("industry segment sector branche secteur segmento setor settore branza 行业"),
    "region": (
        "region state province bundesland région regio provincie estado uf regiao provincia "
        "regione wojewodztwo 地区 省份"
    ),
    "country": "country land pays pais paese kraj 国家",
}
"""What columns that describe accounts are called elsewhere, by canonical name."""
_PLACES = (
    "city town address street zip postcode postalcode plz ort stadt strasse ville plaats adres "
    "cidade municipio endereco cep ciudad direccion citta indirizzo miasto ulica 城市 地址"
)
OPTIONAL = ("quantity", "product_id", "category", "cost_of_goods", "currency")
"""Columns that lines can lack."""


def as_toml(value: object) -> str:
    """Write a text, or a list of texts, as TOML does.

    Parameters
    ----------
    value : str or list of str
    """
    return json.dumps(value, ensure_ascii=False)


def usual(canonical: str, columns: Sequence[str]) -> str:
    """Name the column that is called as a canonical one of orders usually is.

    Parameters
    ----------
    canonical : str
        Column of the orders.
    columns : sequence of str
        What a source has.

    Returns
    -------
    str
        Empty where none is called so. What is called so may be something else: propose it, do not
        take it.

    Examples
    --------
    >>> usual("account_id", ["Faktura", "Auftraggeber"]), usual("quantity", ["Faktura"])
    ('Auftraggeber', '')
    >>> usual("order_id", ["N° facture"]), usual("quantity", ["Quantité"])
    ('N° facture', 'Quantité')
    >>> usual("account_id", ["Debiteurnr"]), usual("cost_of_goods", ["Kostprijs totaal"])
    ('Debiteurnr', 'Kostprijs totaal')
    """
    there = {_plain(column): column for column in reversed(columns)}
    return next((there[word] for word in _words(_USUAL.get(canonical, "")) if word in there), "")


def likelihood(columns: Sequence[str]) -> int:
    """Say how many names speak for order lines, and not for invoices that are to be paid.

    Parameters
    ----------
    columns : sequence of str
        What a source has.

    Returns
    -------
    int
        Two for each column that orders need, one for each that lines can have; two less for each
        day on which something is due or paid, since a list of invoices has all that orders need.

    Examples
    --------
    >>> likelihood(["Invoice", "Customer", "Date", "Amount", "Due date"])
    6
    >>> likelihood(["Invoice", "Customer", "Date", "Amount", "SKU", "Qty"])
    10
    """
    needed = [one.name for one in TABLES["orders"].columns if one.required]
    owing = sum(bool(usual(name, columns)) for name in ("due_date", "paid_date"))
    told, more = (sum(bool(usual(name, columns)) for name in names) for names in (needed, OPTIONAL))
    return 2 * told + more - 2 * owing


def described(columns: Sequence[str]) -> dict[str, str]:
    """Name the columns that are called as those which describe accounts, by canonical name.

    Parameters
    ----------
    columns : sequence of str
        What a source has; of several alike the first is taken.

    Examples
    --------
    >>> described(["Customer No", "Firma", "Land", "Amount"])
    {'name': 'Firma', 'country': 'Land'}
    """
    found = {name: called(words, columns) for name, words in DESCRIBING.items()}
    return {name: column for name, column in found.items() if column}


def familiar(names: Sequence[str]) -> int:
    """Count different names that columns of orders, or those which describe accounts, usually have.

    Parameters
    ----------
    names : sequence of str

    Examples
    --------
    >>> familiar(["Stand", "2024"]), familiar(["Code client", "Région"])
    (0, 2)
    """
    return len(_familiar() & {_plain(name) for name in names})


def called(words: str, columns: Sequence[str]) -> str:
    """Name the first column that is called by one of some words; empty where none is.

    Parameters
    ----------
    words : str
        Folded, with blanks between them.
    columns : sequence of str
        What a source has.
    """
    alike = _words(words)
    return next((column for column in columns if _plain(column) in alike), "")


@cache
def _familiar() -> frozenset[str]:
    """Give all that columns are usually called."""
    return frozenset(_words(" ".join([_PLACES, *_USUAL.values(), *DESCRIBING.values()])))


def _words(words: str) -> list[str]:
    """Give words as they are compared."""
    return [_plain(word) for word in words.split()]


def _plain(text: str) -> str:
    """Fold a name and leave its accents out: Qté and QTE are one, Nº and No too."""
    parts = unicodedata.normalize("NFKD", fold(text))
    return "".join(part for part in parts if not unicodedata.combining(part))


def describes(columns: Sequence[str]) -> bool:
    """Say whether a column is called as one that describes accounts.

    Parameters
    ----------
    columns : sequence of str
        What a source has.

    Examples
    --------
    >>> describes(["Customer No", "City"]), describes(["Customer No", "Amount"])
    (True, False)
    """
    return bool(described(columns) or called(_PLACES, columns))
