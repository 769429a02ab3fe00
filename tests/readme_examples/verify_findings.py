from ocitool.api import Gates, PlatformSelection, Severity, VerifyOptions, verify_archive

gates = Gates(platforms=PlatformSelection.parse("linux/amd64,linux/s390x"))
report = verify_archive("image.tar", VerifyOptions(gates=gates))
for finding in report.findings:
    print(finding.severity.value, finding.rule, finding.where, finding.message)
    print("    ", finding.remedy)
if report.has(Severity.ERROR):
    print("do not ship it")
