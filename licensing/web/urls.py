"""Addresses of licensing's pages."""

from django.urls import path

from licensing.web import (
    calculator,
    claims,
    credits,
    deals,
    declarations,
    licences,
    outcomes,
    papers,
    plans,
    pricing,
    royalties,
)

app_name = "licensing"
urlpatterns = [
    path("open-licences/", declarations.shelf, name="shelf"),
    path("open-licences/mine/", declarations.mine, name="declarations"),
    path("open-licences/declare/", declarations.choose, name="declare-choose"),
    path("open-licences/declare/<int:patent_id>/", declarations.terms, name="declare"),
    path(
        "open-licences/declare/<int:patent_id>/guards/",
        declarations.guards,
        name="declare-guards",
    ),
    path("open-licences/of/<int:patent_id>/", declarations.of_patent, name="of-patent"),
    path("open-licences/<int:declaration_id>/", declarations.declaration, name="declaration"),
    path("open-licences/<int:declaration_id>/edit/", declarations.edit, name="declaration-edit"),
    path(
        "open-licences/<int:declaration_id>/check/",
        declarations.check_answers,
        name="declaration-check",
    ),
    path(
        "open-licences/<int:declaration_id>/withdraw/",
        declarations.withdraw,
        name="declaration-withdraw",
    ),
    path(
        "open-licences/<int:declaration_id>/discard/",
        declarations.discard,
        name="declaration-discard",
    ),
    path(
        "open-licences/<int:declaration_id>/declaration.pdf",
        papers.declaration_pdf,
        name="declaration-pdf",
    ),
    path("open-licences/<int:declaration_id>/take/", licences.take, name="take"),
    path("licences/", licences.index, name="licences"),
    path("licences/check/", papers.check, name="check-form"),
    path("licences/check/<str:content_hash>/", papers.check, name="check"),
    path("licences/<int:licence_id>/", licences.licence, name="licence"),
    path(
        "licences/<int:licence_id>/calculator/",
        calculator.licence_calculator,
        name="licence-calculator",
    ),
    path("licences/<int:licence_id>/pay/", licences.pay, name="pay"),
    path("licences/<int:licence_id>/cancel/", licences.cancel, name="cancel"),
    path("licences/<int:licence_id>/contest/", licences.contest, name="contest"),
    path("licences/<int:licence_id>/contest/drop/", licences.drop, name="contest-drop"),
    path("licences/<int:licence_id>/contest/resolve/", licences.resolve, name="contest-resolve"),
    path("licences/<int:licence_id>/file/", licences.file, name="file"),
    path("licences/<int:licence_id>/contract.pdf", papers.contract_pdf, name="contract-pdf"),
    path("licences/<int:licence_id>/proofs/<int:payment_id>/", papers.payment_proof, name="proof"),
    path("licences/<int:licence_id>/notice-proof/", papers.notice_proof, name="notice-proof"),
    *deals.urlpatterns,
    *royalties.urlpatterns,
    *plans.urlpatterns,
    *claims.urlpatterns,
    *credits.urlpatterns,
    *pricing.urlpatterns,
    path("outcomes/", outcomes.index, name="outcomes"),
    path("outcomes/report/", outcomes.report, name="outcome-report"),
    path("outcomes/<int:outcome_id>/", outcomes.outcome, name="outcome"),
    path("outcomes/<int:outcome_id>/decide/", outcomes.decide, name="outcome-decide"),
    path("outcomes/<int:outcome_id>/again/", outcomes.again, name="outcome-again"),
    path("outcomes/<int:outcome_id>/evidence/", papers.outcome_evidence, name="outcome-evidence"),
]
