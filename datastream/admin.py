"""The admin site."""

from django.contrib import admin


class Site(admin.AdminSite):
    site_header = "DataStream Pro"
    site_title = "DataStream Pro"
    index_title = "Administration"
    enable_nav_sidebar = True
