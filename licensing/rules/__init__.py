"""What may happen in licensing: plain Python, no Django, no clock.

`moves` which state follows which · `fees` plans made of parts (FeePlan 付费方案) ·
`guards` what an open declaration may say · `effect` when a licence takes effect and by
when it must be filed · `outcomes` the nine codes of 转化反馈.
"""
